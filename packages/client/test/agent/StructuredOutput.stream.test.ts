import { assert, describe, it } from "@effect/vitest"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import { MockProvider, Reply, Script } from "@kimi-effect/testing"
import { Deferred, Effect, Fiber, Schema, Stream } from "effect"
import * as StructuredOutput from "../../src/agent/StructuredOutput.ts"
import { eventsOf, finishEvent, startEvent, textDelta } from "../support/responses.ts"
import { failed, play, succeeded } from "./support/output.ts"

const Order = Schema.Struct({ item: Schema.String, count: Schema.Int })
const prompt = "Two teas, please."
const good = '{"item":"tea","count":2}'

/** A stream with one event in each read. */
const reads = (events: ReadonlyArray<StreamEvent>) => Script.events(Stream.rechunk(Stream.fromIterable(events), 1))

/** The deltas of a text, one for each piece. */
const deltas = (...pieces: ReadonlyArray<string>) =>
  reads([startEvent({ provider: "moonshot" }), ...pieces.map(textDelta), finishEvent])

const collect = <S extends Schema.Codec<unknown, unknown>>(options: StructuredOutput.Options<S>) =>
  Effect.map(Stream.runCollect(StructuredOutput.stream(options)), (events) => Array.from(events))

const shown = (events: ReadonlyArray<StructuredOutput.OutputEvent<unknown>>): ReadonlyArray<unknown> =>
  events.map((event) => {
    if (event._tag === "Partial") return event.value
    if (event._tag === "Finish") return ["finish", event.output.value]
    return event
  })

describe("StructuredOutput.stream", () => {
  it.effect("shows the value while it is written, then the checked one", () =>
    Effect.gen(function* () {
      const { exit, requests } = yield* play(
        [deltas('{"item', '":"te', 'a"', ',"count":2', "}")],
        collect({ schema: Order, prompt })
      )
      assert.deepStrictEqual(shown(succeeded(exit)), [
        {},
        { item: "te" },
        { item: "tea" },
        { item: "tea" },
        { item: "tea", count: 2 },
        ["finish", { item: "tea", count: 2 }]
      ])
      assert.strictEqual(requests[0]?.response_format?.type, "json_schema")
    })
  )

  it.effect("shows one value for the deltas of one read", () =>
    Effect.gen(function* () {
      const together = Script.events(
        Stream.fromIterable([
          ...eventsOf({ content: '{"item":' }).slice(0, 2),
          textDelta('"tea","count":2}'),
          finishEvent
        ])
      )
      const { exit } = yield* play([together], collect({ schema: Order, prompt }))
      assert.lengthOf(
        succeeded(exit).filter(({ _tag }) => _tag === "Partial"),
        1
      )
    })
  )

  it.effect("passes the reasoning on", () =>
    Effect.gen(function* () {
      const { exit } = yield* play([Reply.text(good, { reasoning: "Hm." })], collect({ schema: Order, prompt }))
      const reasoning = succeeded(exit).flatMap((event) => (event._tag === "Reasoning" ? [event.text] : []))
      assert.strictEqual(reasoning.join(""), "Hm.")
    })
  )

  it.effect("has the same output as generate", () =>
    Effect.gen(function* () {
      for (const script of [[good], ["no", good], [Reply.text(`\`\`\`json\n${good}\n\`\`\``, { reasoning: "Hm." })]]) {
        const streamed = succeeded((yield* play(script, collect({ schema: Order, prompt }))).exit).at(-1)
        const whole = succeeded((yield* play(script, StructuredOutput.generate({ schema: Order, prompt }))).exit)
        assert(streamed?._tag === "Finish")
        assert.deepStrictEqual(streamed.output, whole)
      }
    })
  )

  it.effect("announces a repair, which begins with an empty value", () =>
    Effect.gen(function* () {
      const { exit, requests } = yield* play(
        [deltas('{"item":"tea","count":"two"}'), deltas(good)],
        collect({ schema: Order, prompt })
      )
      assert.deepStrictEqual(shown(succeeded(exit)), [
        { item: "tea", count: "two" },
        { _tag: "Repair", reason: "schema mismatch", issue: "count: Expected number" },
        { item: "tea", count: 2 },
        ["finish", { item: "tea", count: 2 }]
      ])
      assert.lengthOf(requests, 2)
    })
  )

  it.effect("fails with the text of the last round", () =>
    Effect.gen(function* () {
      const { exit } = yield* play([deltas("no"), deltas("never")], collect({ schema: Order, prompt }))
      const error = failed(exit)
      assert(error._tag === "StructuredOutputError")
      assert.strictEqual(error.reason, "invalid JSON")
      assert.strictEqual(error.partial?.content, "never")
    })
  )

  it.effect("discards partial values when the stream begins again", () =>
    Effect.gen(function* () {
      const events: ReadonlyArray<StreamEvent> = [
        startEvent(),
        textDelta('{"item":"coff'),
        { _tag: "Reset", reason: "StreamInterruptedError" },
        startEvent(),
        textDelta(good),
        finishEvent
      ]
      const { exit } = yield* play([reads(events)], collect({ schema: Order, prompt }))
      assert.deepStrictEqual(shown(succeeded(exit)), [
        { item: "coff" },
        { _tag: "Reset", reason: "StreamInterruptedError" },
        { item: "tea", count: 2 },
        ["finish", { item: "tea", count: 2 }]
      ])
    })
  )

  it.effect("puts the shape into the prompt when the host refuses json_schema", () =>
    Effect.gen(function* () {
      const refused = Reply.invalidRequest({ message: "json_schema is not supported" })
      const { exit, requests } = yield* play([refused, deltas(good)], collect({ schema: Order, prompt }))
      const last = succeeded(exit).at(-1)
      assert(last?._tag === "Finish")
      assert.deepInclude(last.output, { format: "json_object", rounds: 1 })
      assert.deepStrictEqual(
        requests.map((request) => request.response_format?.type),
        ["json_schema", "json_object"]
      )
    })
  )

  it.effect("does not ask again when a stream that has begun fails because of its format", () =>
    Effect.gen(function* () {
      const failing = Stream.concat(
        Stream.fromIterable([startEvent(), textDelta('{"item"')]),
        Stream.fail(new InvalidRequestError({ message: "json_schema is not supported" }))
      )
      const { exit, requests } = yield* play([Script.events(failing), good], collect({ schema: Order, prompt }))
      assert.strictEqual(failed(exit)._tag, "InvalidRequestError")
      assert.lengthOf(requests, 1)
    })
  )

  it.effect("unwraps partial values of a root that is not an object", () =>
    Effect.gen(function* () {
      const { exit } = yield* play(
        [deltas('{"val', 'ue":[{"item":"t', 'ea","count":2}', "]}")],
        collect({ schema: Schema.Array(Order), prompt })
      )
      assert.deepStrictEqual(shown(succeeded(exit)), [
        [{ item: "t" }],
        [{ item: "tea", count: 2 }],
        [{ item: "tea", count: 2 }],
        ["finish", [{ item: "tea", count: 2 }]]
      ])
    })
  )

  it.effect("copies a number of members that is linear in the text of a long list", () =>
    Effect.gen(function* () {
      const items = Array.from({ length: 20_000 }, (_, index) => index)
      const text = JSON.stringify({ items })
      const pieces = text.match(/.{1,5}/g) ?? []
      const { exit } = yield* play(
        [deltas(...pieces)],
        collect({ schema: Schema.Struct({ items: Schema.Array(Schema.Int) }), prompt })
      )
      const events = succeeded(exit)
      const sizes = events.flatMap((event) => (event._tag === "Partial" ? [event.value.items?.length ?? 0] : []))
      // The last one is complete, and no copy.
      const copied = sizes.slice(0, -1).reduce((sum, size) => sum + size, 0)
      assert.isBelow(copied, text.length * 16)
      assert.isAbove(events.length, 50)
    })
  )

  it.effect("interrupts the call when it is left", () =>
    Effect.gen(function* () {
      const isClosed = yield* Deferred.make<void>()
      const endless = Stream.concat(Stream.fromIterable([startEvent(), textDelta('{"item":"t')]), Stream.never).pipe(
        Stream.ensuring(Deferred.succeed(isClosed, undefined))
      )
      const fiber = yield* StructuredOutput.stream({ schema: Order, prompt }).pipe(
        Stream.take(1),
        Stream.runCollect,
        Effect.provide(MockProvider.layerClient({ script: [Script.events(endless)] })),
        Effect.forkChild
      )
      yield* Deferred.await(isClosed)
      assert.deepStrictEqual(shown(Array.from(yield* Fiber.join(fiber))), [{ item: "t" }])
    })
  )

  it.effect("fails for invalid options before any request", () =>
    Effect.gen(function* () {
      const { exit, requests } = yield* play([], collect({ schema: Order, prompt, repairs: -1 }))
      assert.strictEqual(failed(exit)._tag, "InvalidRequestError")
      assert.lengthOf(requests, 0)
    })
  )
})
