/** Responses of a handler that streams chunks, read by the client of another project and by ours. */
import { assert, describe, it } from "@effect/vitest"
import * as EventStream from "@kimi-effect/client/EventStream"
import * as KimiClient from "@kimi-effect/client/KimiClient"
import { KimiClient as Kimi } from "@kimi-effect/client/KimiClient"
import { OverloadedError, QuotaExceededError } from "@kimi-effect/core/RateLimitErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import OpenAI from "openai"

const text = { _tag: "TextDelta", choice: 0 } as const
const call = { id: "call_0", type: "function", function: { name: "get_weather", arguments: '{"city":"Oslo"}' } }

const events: ReadonlyArray<StreamEvent> = [
  { _tag: "Start", id: "chatcmpl-7", model: "kimi-k3", created: 1_700_000_000 },
  { _tag: "ReasoningDelta", choice: 0, text: "Which city?" },
  { ...text, text: "Let me " },
  { ...text, text: "look: 🌦\n" },
  { _tag: "ToolCallDelta", choice: 0, index: 0, id: "call_0", name: "get_weather", arguments: '{"city"' },
  { _tag: "ToolCallDelta", choice: 0, index: 0, id: "call_0", name: "get_weather", arguments: ':"Oslo"}' },
  { _tag: "ToolCall", choice: 0, index: 0, call },
  {
    _tag: "Usage",
    usage: {
      prompt_tokens: 20,
      completion_tokens: 9,
      total_tokens: 29,
      cached_tokens: 8,
      cache_write_tokens: 4,
      reasoning_tokens: 3
    }
  },
  { _tag: "Finish", finishReason: "tool_calls", finishReasons: ["tool_calls"] }
]

const body = { model: "kimi-k3", messages: [{ role: "user" as const, content: "How is the weather?" }] }

/** A handler, as the function by which clients reach it. */
const handlerOf =
  (stream: Stream.Stream<StreamEvent, unknown>): typeof globalThis.fetch =>
  (_input, init) =>
    Effect.runPromise(EventStream.toResponse(stream, EventStream.openAiChunks, { signal: init?.signal ?? undefined }))

const openai = (stream: Stream.Stream<StreamEvent, unknown>) =>
  new OpenAI({ apiKey: "sk-test", baseURL: "http://localhost/v1", maxRetries: 0, fetch: handlerOf(stream) })

describe("EventStream.openAiChunks", () => {
  it("is read by openai as the same response", async () => {
    const runner = openai(Stream.fromIterable(events)).chat.completions.stream({
      ...body,
      stream_options: { include_usage: true }
    })
    const completion = await runner.finalChatCompletion()
    const expected = Option.getOrThrow(StreamFold.fold(events))
    assert.deepInclude(completion, { id: expected.id, model: expected.model, created: expected.created })
    const choice = completion.choices[0] ?? assert.fail("no choice")
    assert.strictEqual(choice.finish_reason, "tool_calls")
    assert.strictEqual(choice.message.content, expected.text)
    // The types of openai have no reasoning.
    const message: object = choice.message
    assert.deepInclude(message, { reasoning_content: expected.reasoning })
    const called: object = choice.message.tool_calls?.[0] ?? assert.fail("no tool call")
    assert.deepInclude(called, call)
    assert.deepStrictEqual(completion.usage, {
      prompt_tokens: 20,
      completion_tokens: 9,
      total_tokens: 29,
      prompt_tokens_details: { cached_tokens: 8, cache_write_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 3 }
    })
  })

  it("is read by this client over fetch as the same events", async () => {
    const layer = KimiClient.layer({ apiKey: Redacted.make("sk-test-0123456789") }).pipe(
      Layer.provide(FetchHttpClient.layer),
      Layer.provide(Layer.succeed(FetchHttpClient.Fetch, handlerOf(Stream.fromIterable(events))))
    )
    const received = await Stream.unwrap(Effect.map(Kimi, (kimi) => kimi.stream(body))).pipe(
      Stream.runCollect,
      Effect.provide(layer),
      Effect.runPromise
    )
    const [start, ...rest] = events
    assert.deepStrictEqual(Array.from(received), [{ ...start, provider: "moonshot" }, ...rest])
  })

  it("ends with an error that openai throws", async () => {
    const failing = Stream.concat(
      Stream.fromIterable(events.slice(0, 3)),
      Stream.fail(new OverloadedError({ message: "org-1 is overloaded" }))
    )
    const stream = await openai(failing).chat.completions.create({ ...body, stream: true })
    const received: Array<unknown> = []
    try {
      for await (const chunk of stream) received.push(chunk)
      assert.fail("no error")
    } catch (error) {
      assert(error instanceof OpenAI.APIError)
      assert.strictEqual(error.code, "OverloadedError")
      assert.strictEqual(error.type, "engine_overloaded_error")
      assert.notInclude(error.message, "org-1")
    }
    assert.lengthOf(received, 3)
  })

  it("fails before its first chunk with an error that openai throws by its status", async () => {
    const failing = Stream.fail(new QuotaExceededError({ message: "org-1 is suspended" }))
    const error: unknown = await openai(failing)
      .chat.completions.create({ ...body, stream: true })
      .then(() => assert.fail("no error"))
      .catch((thrown: unknown) => thrown)
    assert(error instanceof OpenAI.APIError)
    assert.deepInclude(error, { status: 503, code: "QuotaExceededError", type: "exceeded_current_quota_error" })
    assert.strictEqual(error.headers?.get("x-should-retry"), "false")
    assert.notInclude(error.message, "org-1")
  })

  it("is interrupted when openai leaves the stream", async () => {
    const closed = Promise.withResolvers<void>()
    const endless = Stream.concat(Stream.fromIterable(events.slice(0, 3)), Stream.never).pipe(
      Stream.ensuring(Effect.sync(() => closed.resolve()))
    )
    const stream = await openai(endless).chat.completions.create({ ...body, stream: true })
    for await (const chunk of stream) {
      assert.strictEqual(chunk.id, "chatcmpl-7")
      break
    }
    await closed.promise
  })
})
