import { assert, describe, it } from "@effect/vitest"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { Fault, Reply } from "@kimi-effect/testing"
import { Fixtures } from "@kimi-effect/testing/node"
import { Deferred, Effect, Fiber, Layer, Schema, Stream } from "effect"
import { LanguageModel, Prompt, type Response, Tool, Toolkit } from "effect/ai"
import * as AiErrors from "../../src/agent/AiErrors.ts"
import * as KimiLanguageModel from "../../src/agent/KimiLanguageModel.ts"
import * as KimiClient from "../../src/KimiClient.ts"
import { recordSpans } from "../support/spans.ts"
import { bodies, withModel } from "./support/languageModel.ts"

type Part = Response.AnyPart

const stream = LanguageModel.streamText({ prompt: "Hello" })
const typesOf = (parts: ReadonlyArray<Part>) => parts.map(({ type }) => type)

const Weather = Toolkit.make(
  Tool.make("get_weather", { parameters: Schema.Struct({ city: Schema.String }), success: Schema.String })
)
const handlers = Weather.toLayer({ get_weather: ({ city }) => Effect.succeed(`sunny in ${city}`) })
const oslo = { name: "get_weather", arguments: { city: "Oslo" } }

const noClient: KimiClient.MemberMapping = {
  effect: () => Effect.die("not called"),
  stream: () => Stream.die("not called"),
  text: () => ""
}

const modelOver = (events: Stream.Stream<StreamEvent>) =>
  Layer.provide(
    KimiLanguageModel.layer(),
    Layer.succeed(KimiClient.KimiClient, { ...KimiClient.makeWith(noClient), stream: () => events })
  )

/** The chunks of parts of a client that emits these chunks of events. */
const partsOf = (chunks: ReadonlyArray<readonly [StreamEvent, ...ReadonlyArray<StreamEvent>]>) => {
  const events = Stream.flattenArray(Stream.rechunk(Stream.fromIterable(chunks), 1))
  return stream.pipe(Stream.chunks, Stream.runCollect, Effect.provide(modelOver(events)))
}

const start: StreamEvent = { _tag: "Start", id: "c-1", model: "kimi-k3", created: 1 }
const finish: StreamEvent = { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
const text = (delta: string): StreamEvent => ({ _tag: "TextDelta", choice: 0, text: delta })
const reasoning = (delta: string): StreamEvent => ({ _tag: "ReasoningDelta", choice: 0, text: delta })

describe("the parts of a stream", () => {
  it.live("are those of the recorded response", () =>
    withModel((server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.sse(Fixtures.sse("stream-01-include-usage")))
        const parts = yield* Stream.runCollect(stream)
        const types = [...new Set(typesOf(parts))]
        assert.deepStrictEqual(types, [
          "response-metadata",
          "reasoning-start",
          "reasoning-delta",
          "reasoning-end",
          "text-start",
          "text-delta",
          "text-end",
          "finish"
        ])
      })
    )
  )

  it.live("end the reasoning before a call", () =>
    withModel((server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.toolCalls([oslo], { reasoning: "Hm." }))
        const parts = yield* LanguageModel.streamText({ prompt: "Hello", toolkit: Weather }).pipe(
          Stream.runCollect,
          Effect.provide(handlers)
        )
        const types = typesOf(parts)
        assert.isBelow(types.indexOf("reasoning-end"), types.indexOf("tool-params-start"))
        assert.deepStrictEqual(types.slice(-4), ["tool-params-end", "tool-call", "tool-result", "finish"])
      })
    )
  )

  it.live("identify a call by the same id while its arguments arrive", () =>
    withModel((server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.toolCalls([oslo]))
        const parts = yield* LanguageModel.streamText({ prompt: "Hello", toolkit: Weather }).pipe(
          Stream.runCollect,
          Effect.provide(handlers)
        )
        const ids = parts.flatMap((part) => (part.type.startsWith("tool-") && "id" in part ? [part.id] : []))
        assert.lengthOf(new Set(ids), 1)
      })
    )
  )

  it.effect("arrive in the chunks of the events", () =>
    Effect.gen(function* () {
      const chunks = yield* partsOf([[start, text("a"), text("b")], [text("c")], [finish]])
      assert.deepStrictEqual(chunks.map(typesOf), [
        ["response-metadata", "text-start", "text-delta", "text-delta"],
        ["text-delta"],
        ["text-end", "finish"]
      ])
    })
  )

  it.effect("begin a new block when the model thinks again", () =>
    Effect.gen(function* () {
      const chunks = yield* partsOf([[start, reasoning("a"), text("b"), reasoning("c"), text("d"), finish]])
      const ends = chunks.flat().flatMap((part) => (part.type.endsWith("-end") && "id" in part ? [part.id] : []))
      assert.deepStrictEqual(ends, ["reasoning-0", "text-1", "reasoning-2", "text-3"])
    })
  )

  it.effect("continue after a recovery that continues the text", () =>
    Effect.gen(function* () {
      const resume: StreamEvent = { _tag: "Resume", reason: "StreamInterruptedError" }
      const chunks = yield* partsOf([[start, text("a"), resume, text("b"), finish]])
      const deltas = chunks.flat().flatMap((part) => (part.type === "text-delta" ? [part.delta] : []))
      assert.deepStrictEqual(deltas, ["a", "b"])
    })
  )

  it.effect("fail when the text starts again", () =>
    Effect.gen(function* () {
      const reset: StreamEvent = { _tag: "Reset", reason: "StreamInterruptedError" }
      const error = yield* Effect.flip(partsOf([[start, text("a"), reset, start, text("a"), finish]]))
      assert.strictEqual(AiErrors.fromAiError(error)?._tag, "StreamInterruptedError")
    })
  )

  it.effect("do not fail when the response starts again before its first content", () =>
    Effect.gen(function* () {
      const reset: StreamEvent = { _tag: "Reset", reason: "StreamInterruptedError" }
      const chunks = yield* partsOf([
        [start, reset],
        [start, text("a"), finish]
      ])
      assert.strictEqual(chunks.flat().filter(({ type }) => type === "text-delta").length, 1)
    })
  )

  it.effect("identify the calls of a host that sends no id", () =>
    Effect.gen(function* () {
      const call = { id: "get_weather_0", type: "function", function: { name: "get_weather", arguments: "{}" } }
      const events: ReadonlyArray<StreamEvent> = [
        { ...start, id: "" },
        { _tag: "ToolCall", choice: 0, index: 0, call },
        { ...finish, finishReason: "tool_calls" }
      ]
      const calls = yield* LanguageModel.streamText({
        prompt: "Hello",
        disableToolCallResolution: true,
        toolCallValidation: "deferred"
      }).pipe(
        Stream.filter((part) => part.type === "tool-call"),
        Stream.runCollect,
        Effect.provide(modelOver(Stream.fromIterable(events)))
      )
      assert.match(calls[0]?.id ?? "", /^.{8,}\/get_weather_0$/)
    })
  )
})

describe("a stream of a broken connection", () => {
  it.live("fails with the error in an AiError", () =>
    withModel((server) =>
      Effect.gen(function* () {
        const reply = Reply.text("A long answer.", {
          fault: Fault.ResetMidStream({ afterEvents: 2 }),
          chunking: { events: 1 }
        })
        yield* server.reply(reply)
        const error = yield* Effect.flip(Stream.runDrain(stream))
        assert.strictEqual(error.reason._tag, "InternalProviderError")
        assert.strictEqual(AiErrors.fromAiError(error)?._tag, "StreamInterruptedError")
      })
    )
  )
})

describe("an interrupted stream", () => {
  it.live("closes its connection", () =>
    withModel((server) =>
      Effect.gen(function* () {
        const first = yield* Deferred.make<void>()
        const reply = Reply.text("A long answer.", {
          fault: Fault.StallMidStream({ afterEvents: 2 }),
          chunking: { events: 1 }
        })
        yield* server.reply(reply)
        const running = yield* stream.pipe(
          Stream.runForEach((part) => (part.type === "text-delta" ? Deferred.succeed(first, undefined) : Effect.void)),
          Effect.forkChild
        )
        yield* Deferred.await(first)
        yield* Fiber.interrupt(running)
        yield* server.awaitAborted(1)
      })
    )
  )
})

describe("the settings of a stream", () => {
  it.live("can be overridden", () =>
    withModel((server) =>
      Effect.gen(function* () {
        yield* Stream.runDrain(stream.pipe(KimiLanguageModel.withStreamConfigOverride({ reasoning_effort: "low" })))
        assert.strictEqual((yield* bodies(server))[0]?.["reasoning_effort"], "low")
      })
    )
  )
})

describe("the span of a stream", () => {
  it.live("has the usage of the response", () =>
    withModel((server) =>
      Effect.gen(function* () {
        const { record, spans } = recordSpans()
        yield* server.reply(Reply.text("Hi.", { usage: { prompt_tokens: 10, completion_tokens: 20 } }))
        yield* record(Stream.runDrain(stream))
        const span = spans.find(({ name }) => name === "LanguageModel.streamText")
        assert.strictEqual(span?.attributes.get("gen_ai.usage.output_tokens"), 20)
        assert.strictEqual(span?.attributes.get("gen_ai.provider.name"), "moonshot_ai")
      })
    )
  )
})

describe("a history of streamed parts", () => {
  it.live("has the reasoning of the response", () =>
    withModel((server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.toolCalls([oslo], { reasoning: "Hm." }))
        const parts = yield* LanguageModel.streamText({ prompt: "Hello", toolkit: Weather }).pipe(
          Stream.runCollect,
          Effect.provide(handlers)
        )
        const prompt = Prompt.concat(Prompt.make("Hello"), Prompt.fromResponseParts(parts))
        yield* LanguageModel.generateText({ prompt, toolkit: Weather }).pipe(Effect.provide(handlers))
        const messages = (yield* bodies(server)).at(-1)?.["messages"] as ReadonlyArray<Record<string, unknown>>
        assert.strictEqual(messages[1]?.["reasoning_content"], "Hm.")
      })
    )
  )
})
