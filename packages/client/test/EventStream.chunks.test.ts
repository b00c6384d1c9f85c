import { assert, describe, it } from "@effect/vitest"
import { AuthenticationError } from "@kimi-effect/core/AuthenticationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { OverloadedError, QuotaExceededError, RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import { IdleTimeoutError } from "@kimi-effect/core/TimeoutErrors"
import { ContentFilterError, InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import { Context, Duration, Effect, Layer, Redacted, Schema, Stream } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { runs, seedOf } from "../../../test/support/depth.ts"
import * as EventStream from "../src/EventStream.ts"
import * as KimiClient from "../src/KimiClient.ts"
import { failing, parse, quiet, textOf } from "./support/eventStreams.ts"
import { eventsOf, finishEvent, responseOf, startEvent, textDelta, usageOf } from "./support/responses.ts"

/** Our client, reading this response for a stream. */
const readBack = (respond: Effect.Effect<Response>) =>
  Effect.gen(function* () {
    const http = HttpClient.make((request) =>
      Effect.map(respond, (response) => HttpClientResponse.fromWeb(request, response))
    )
    const context = yield* Layer.build(
      KimiClient.layerHttp().pipe(
        Layer.provide(Layer.succeed(HttpClient.HttpClient, http)),
        Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-test-0123456789abcdef"), maxAttempts: 1 }))
      )
    )
    const client = Context.get(context, KimiClient.KimiClient)
    return client.stream({ messages: [{ role: "user", content: "Hello!" }] })
  })

const Text = Schema.NonEmptyString
const Deltas = Schema.Array(
  Schema.Union([
    Schema.TaggedStruct("TextDelta", { choice: Schema.Literal(0), text: Text }),
    Schema.TaggedStruct("ReasoningDelta", { choice: Schema.Literal(0), text: Text })
  ])
)

const calls = (texts: ReadonlyArray<string>): ReadonlyArray<StreamEvent> => [
  ...texts.map((text, index) => ({
    _tag: "ToolCallDelta" as const,
    choice: 0,
    index,
    id: `call_${index}`,
    name: "search",
    arguments: JSON.stringify({ text })
  })),
  ...texts.map((text, index) => ({
    _tag: "ToolCall" as const,
    choice: 0,
    index,
    call: { id: `call_${index}`, type: "function", function: { name: "search", arguments: JSON.stringify({ text }) } }
  }))
]

const isDelta = (event: StreamEvent) => event._tag === "TextDelta" || event._tag === "ReasoningDelta"

/**
 * The whole reasoning, the whole text and the other events: the client holds back what
 * may begin markup, such as a `<`, and emits it with what follows in its channel.
 */
const joined = (events: ReadonlyArray<StreamEvent>) => {
  const all = (tag: StreamEvent["_tag"]) =>
    events.flatMap((event) => (isDelta(event) && event._tag === tag ? [event.text] : [])).join("")
  return [all("ReasoningDelta"), all("TextDelta"), ...events.filter((event) => !isDelta(event))]
}

describe("EventStream.openAiChunks", () => {
  it.effect("writes deltas, finish reason, usage, then the end mark", () =>
    Effect.gen(function* () {
      const events = eventsOf({ content: "Hi", usage: usageOf(3, 2) })
      const text = yield* textOf(Stream.fromIterable(events), EventStream.openAiChunks)
      const head = { id: "chatcmpl-1", model: "kimi-k3", created: 1, object: "chat.completion.chunk" }
      const written = parse(text).map(([, data]) => data)
      assert.strictEqual(written.at(-1), "[DONE]")
      assert.deepStrictEqual(
        written.slice(0, -1).map((data) => JSON.parse(data ?? "")),
        [
          { ...head, choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }] },
          { ...head, choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: null }] },
          { ...head, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
          {
            ...head,
            choices: [],
            usage: {
              prompt_tokens: 3,
              completion_tokens: 2,
              total_tokens: 5,
              prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
              completion_tokens_details: { reasoning_tokens: 0 }
            }
          }
        ]
      )
    })
  )

  it.effect.prop(
    "is read back by the client as the same events but for the borders of deltas",
    { deltas: Deltas, texts: Schema.Array(Schema.String), prompt: Schema.Natural, cached: Schema.Natural },
    ({ cached, deltas, prompt, texts }) =>
      Effect.gen(function* () {
        const usage = { ...usageOf(prompt + cached + 1, 7), cached_tokens: cached, reasoning_tokens: 2 }
        const reason = texts.length === 0 ? "stop" : "tool_calls"
        const events: ReadonlyArray<StreamEvent> = [
          startEvent(),
          ...deltas,
          // A response without any content would be an error.
          textDelta("."),
          ...calls(texts),
          { _tag: "Usage", usage },
          { _tag: "Finish", finishReason: reason, finishReasons: [reason] }
        ]
        const stream = yield* readBack(
          EventStream.toResponse(Stream.fromIterable(events), EventStream.openAiChunks, quiet)
        )
        const received = Array.from(yield* Stream.runCollect(stream))
        assert.deepStrictEqual(received[0], startEvent({ provider: "moonshot" }))
        assert.deepStrictEqual(joined(received.slice(1)), joined(events.slice(1)))
      }).pipe(Effect.scoped),
    { arbitrary: { seed: seedOf("event streams"), runs: runs({ sample: 30, deep: 2_000 }) } }
  )

  it.effect("keeps several choices apart", () =>
    Effect.gen(function* () {
      const message = { role: "assistant" as const, content: "one" }
      const { choices: _, ...head } = responseOf()
      const events = StreamFold.toEvents(
        Object.assign(responseOf(), {
          ...head,
          choices: [
            { index: 0, message, finish_reason: "stop" },
            { index: 1, message: { ...message, content: "two" }, finish_reason: "length" }
          ]
        })
      )
      const stream = yield* readBack(EventStream.toResponse(Stream.fromIterable(events), EventStream.openAiChunks))
      const response = yield* StreamFold.collect(stream)
      assert.deepStrictEqual(
        response.choices.map((choice) => [choice.message.content, choice.finish_reason]),
        [
          ["one", "stop"],
          ["two", "length"]
        ]
      )
    }).pipe(Effect.scoped)
  )

  it.effect("sends what the deltas of a tool call did not", () =>
    Effect.gen(function* () {
      const [delta, whole] = calls(["Oslo"])
      assert(delta?._tag === "ToolCallDelta" && whole?._tag === "ToolCall")
      const half = { ...delta, arguments: delta.arguments.slice(0, 5) }
      for (const before of [[], [half], [delta]]) {
        const stream = yield* readBack(
          EventStream.toResponse(
            Stream.fromIterable<StreamEvent>([startEvent(), ...before, whole, finishEvent]),
            EventStream.openAiChunks
          )
        )
        assert.deepStrictEqual((yield* StreamFold.collect(stream)).toolCalls, [whole.call])
      }
    }).pipe(Effect.scoped)
  )

  it.effect("reports an error that the client reads as the same kind, without the end mark", () =>
    Effect.gen(function* () {
      const error = new RateLimitError({ message: "org-secret", kind: "unknown" })
      const respond = EventStream.toResponse(failing(error), EventStream.openAiChunks, quiet)
      const text = yield* Effect.flatMap(respond, (response) => Effect.promise(() => response.text()))
      assert.notInclude(text, "[DONE]")
      assert.notInclude(text, "org-secret")
      const stream = yield* readBack(respond)
      const failure = yield* Effect.flip(Stream.runDrain(stream))
      assert.strictEqual(failure._tag, "RateLimitError")
      assert.strictEqual(failure.partial?.content, "Hi")
    }).pipe(Effect.scoped)
  )

  it.effect("has the type by which clients decide", () =>
    Effect.gen(function* () {
      const message = "secret"
      const types = [
        [new OverloadedError({ message }), "engine_overloaded_error"],
        [new QuotaExceededError({ message }), "exceeded_current_quota_error"],
        [new IdleTimeoutError({ message, timeout: Duration.seconds(1) }), "timeout"],
        [new ContentFilterError({ message }), "content_filter"],
        [new InvalidRequestError({ message }), "invalid_request_error"],
        [new Error(message), "server_error"]
      ] as const
      for (const [error, type] of types) {
        const text = yield* textOf(failing(error), EventStream.openAiChunks)
        assert.deepInclude(JSON.parse(parse(text).at(-1)?.[1] ?? "").error, { type, param: null })
        assert.notInclude(text, "secret")
      }
    })
  )

  it.effect("reports a wrong key of the server as a fault of the server", () =>
    Effect.gen(function* () {
      const stream = yield* readBack(
        EventStream.toResponse(failing(new AuthenticationError({ message: "wrong key" })), EventStream.openAiChunks)
      )
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(stream)))._tag, "ServerError")
    }).pipe(Effect.scoped)
  )

  it.effect("ends with an error when the response begins again", () =>
    Effect.gen(function* () {
      const events: ReadonlyArray<StreamEvent> = [
        startEvent(),
        textDelta("Hi"),
        { _tag: "Reset", reason: "StreamInterruptedError" },
        startEvent(),
        finishEvent
      ]
      const text = yield* textOf(Stream.rechunk(Stream.fromIterable(events), 1), EventStream.openAiChunks)
      assert.include(parse(text).at(-1)?.[1], '"code":"StreamFailedError"')
      assert.notInclude(text, "[DONE]")
    })
  )
})
