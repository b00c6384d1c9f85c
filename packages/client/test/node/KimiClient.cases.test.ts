/**
 * Responses and requests of hosts, gateways and proxies as users met them, each
 * in a file of `cases/`. A `.sse` file is a stream under 200. A `.json` file is
 * a completion under 200, a whole `reply`, or a `request`; `options` configure
 * the client.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Options } from "@kimi-effect/core/KimiConfig"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import { Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect, Result } from "effect"
import { readFileSync } from "node:fs"
import { connect, hello } from "./support/kimi.ts"

interface Case {
  readonly reply?: { readonly status: number; readonly headers: Record<string, string>; readonly body: string }
  readonly request?: ChatRequest
  readonly options?: Options
}

/** What a caller gets from a case. */
interface Outcome {
  readonly text?: string
  readonly calls?: ReadonlyArray<readonly [name: string, args: string]>
  readonly id?: string
  readonly finish?: string
  readonly usage?: readonly [prompt: number, completion: number]
  readonly error?: string
  readonly partial?: string
  readonly attempts: number
  readonly sent?: Record<string, unknown>
  readonly failure?: KimiError
}

const read = (file: string): string => readFileSync(new URL(`cases/${file}`, import.meta.url), "utf8")

const replyOf = (file: string, text: string): Case & { readonly answer: Reply.Reply } => {
  if (file.endsWith(".sse")) return { answer: Reply.sse(text) }
  const parsed = JSON.parse(text) as Case & { readonly choices?: unknown }
  if (parsed.reply !== undefined) {
    const { body, headers, status } = parsed.reply
    return { ...parsed, answer: Reply.body(body, { status, headers }) }
  }
  return parsed.choices === undefined
    ? { ...parsed, answer: Reply.chatResponse({ content: "ok" }) }
    : { answer: Reply.body(text, { headers: { "content-type": "application/json" } }) }
}

/** Makes the call of a case, with up to three attempts. */
const run = (file: string, call: "chat" | "stream"): Effect.Effect<Outcome, unknown> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { answer, options, request } = replyOf(file, read(file))
      const server = yield* MockServer.make({ validateRequests: false })
      yield* server.replyAlways(answer)
      const kimi = yield* connect(server, {
        provider: "custom",
        model: "kimi-k2.5",
        maxAttempts: 3,
        retryBaseDelay: "1 millis",
        retryMaxDelay: "2 millis",
        ...options
      })
      const given = request ?? hello
      const result = yield* Effect.result(call === "chat" ? kimi.chat(given) : StreamFold.collect(kimi.stream(given)))
      const requests = yield* server.requests
      const sent = requests[0]?.json as Record<string, unknown> | undefined
      const attempts = requests.length
      if (Result.isFailure(result)) {
        const failure = result.failure as KimiError
        return {
          error: failure._tag,
          failure,
          ...(failure.partial === undefined ? {} : { partial: failure.partial.content }),
          attempts,
          ...(sent === undefined ? {} : { sent })
        }
      }
      const { choices, id, text, usage } = result.success
      return {
        text,
        id,
        calls: (choices[0]?.message.tool_calls ?? []).map(({ function: f }) => [f.name, f.arguments] as const),
        ...(choices[0] === undefined ? {} : { finish: choices[0].finish_reason }),
        ...(usage === undefined ? {} : { usage: [usage.prompt_tokens, usage.completion_tokens] as const }),
        attempts,
        ...(sent === undefined ? {} : { sent })
      }
    })
  )

const weather = [["get_weather", '{"city":"Oslo"}']] as const

/** The expected part of the outcome of each case. */
const cases: ReadonlyArray<readonly [file: string, call: "chat" | "stream", expected: Partial<Outcome>]> = [
  ["leak-markup.json", "chat", { calls: weather, text: "I look it up.", attempts: 1 }],
  ["leak-markup-stream.sse", "stream", { calls: weather, text: "I look it up.", attempts: 1 }],
  ["leak-markup-reasoning.json", "chat", { calls: weather, attempts: 1 }],
  ["odd-id-number.sse", "stream", { text: "Hi", id: "123", attempts: 1 }],
  ["odd-created-text.json", "chat", { text: "Hi", attempts: 1 }],
  ["odd-fingerprint-number.json", "chat", { text: "Hi", attempts: 1 }],
  ["odd-usage-details-array.json", "chat", { text: "Hi", usage: [10, 5], attempts: 1 }],
  ["odd-usage-text-counts.json", "chat", { text: "Hi", usage: [10, 5], attempts: 1 }],
  ["args-object.json", "chat", { calls: weather, attempts: 1 }],
  ["content-array.json", "chat", { text: "Hi", attempts: 1 }],
  ["usage-zero-last.sse", "stream", { text: "Hi", usage: [10_000, 5_000], attempts: 1 }],
  ["name-pieces.sse", "stream", { calls: weather, attempts: 1 }],
  ["args-twice.sse", "stream", { calls: [["f", '{"a":1}']], attempts: 1 }],
  ["refusal.json", "chat", { text: "I cannot help with that.", finish: "refusal", attempts: 1 }],
  ["refusal-stream.sse", "stream", { text: "I cannot help with that.", finish: "refusal", attempts: 1 }],
  ["finish-error.json", "chat", { partial: "The answer is" }],
  ["finish-error-stream.sse", "stream", { error: "StreamFailedError", partial: "The answer is", attempts: 1 }],
  ["done-without-finish.sse", "stream", { error: "StreamTruncatedError", partial: "The answer is", attempts: 1 }],
  ["error-event-details.sse", "stream", { error: "ContextLengthError", attempts: 1 }],
  ["litellm-string-code-401.sse", "stream", { error: "AuthenticationError", attempts: 1 }],
  ["litellm-string-code-400.sse", "stream", { error: "InvalidRequestError", attempts: 1 }],
  ["sse-no-content-type.json", "stream", { text: "Hi", usage: [10, 5], attempts: 1 }],
  ["sse-text-plain.json", "stream", { text: "Hi", usage: [10, 5], attempts: 1 }],
  ["sse-content-type-case.json", "stream", { text: "Hi", usage: [10, 5], attempts: 1 }],
  ["json-for-stream.json", "stream", { text: "Hi", usage: [10, 5], attempts: 1 }],
  ["sse-for-chat.json", "chat", { text: "Hi", usage: [10, 5], attempts: 1 }],
  ["heartbeat-blank.sse", "stream", { text: "Hi there", attempts: 1 }],
  ["heartbeat-ping-text.sse", "stream", { text: "Hi there", attempts: 1 }],
  ["quota-429-usage-limit.json", "chat", { error: "DailyLimitError", attempts: 1 }],
  ["daily-429-free-models.json", "chat", { error: "DailyLimitError", attempts: 1 }],
  ["quota-403-type.json", "chat", { error: "QuotaExceededError", attempts: 1 }],
  ["openrouter-400-model-id.json", "chat", { error: "ModelNotFoundError", attempts: 1 }],
  ["overflow-llamacpp.json", "chat", { error: "ContextLengthError", attempts: 1 }],
  ["overflow-together.json", "chat", { error: "ContextLengthError", attempts: 1 }],
  ["overflow-code.json", "chat", { error: "ContextLengthError", attempts: 1 }],
  ["overflow-as-server-error.sse", "stream", { error: "ContextLengthError", attempts: 1 }],
  ["tool-names.json", "chat", { text: "ok", attempts: 1 }],
  ["waf-403.json", "chat", { error: "GatewayRefusedError", attempts: 1 }],
  ["proxy-407.json", "chat", { error: "GatewayRefusedError", attempts: 1 }]
]

describe("a client of hosts in the field", () => {
  for (const [file, call, expected] of cases) {
    it.live(`reads ${file}`, () =>
      Effect.gen(function* () {
        assert.deepInclude(yield* run(file, call), expected)
      })
    )
  }

  it.live("reports the limit of an overflow that llama.cpp sends", () =>
    Effect.gen(function* () {
      const { failure } = yield* run("overflow-llamacpp.json", "chat")
      assert.propertyVal(failure, "limit", 8_192)
    })
  )

  it.live("reports the limit of an overflow that Together sends", () =>
    Effect.gen(function* () {
      const { failure } = yield* run("overflow-together.json", "chat")
      assert.propertyVal(failure, "limit", 262_144)
    })
  )

  it.live("reports how to pay after a quota error under 403", () =>
    Effect.gen(function* () {
      const { failure } = yield* run("quota-403-type.json", "chat")
      assert.strictEqual(failure?.recovery._tag, "TopUp")
    })
  )

  it.live("sends the members that only some hosts know", () =>
    Effect.gen(function* () {
      const { sent } = yield* run("dropped-members.json", "chat")
      const { request } = JSON.parse(read("dropped-members.json")) as { readonly request: object }
      assert.deepInclude(sent, request)
    })
  )

  it.live("sends a request without its nulls", () =>
    Effect.gen(function* () {
      const { sent } = yield* run("null-absent.json", "chat")
      assert.notInclude(JSON.stringify(sent), "null")
      assert.lengthOf(sent?.["messages"] as ReadonlyArray<unknown>, 3)
    })
  )

  it.live("sends a request without its empty tool calls", () =>
    Effect.gen(function* () {
      const { sent } = yield* run("empty-tool-calls.json", "chat")
      assert.notInclude(JSON.stringify(sent), "tool")
    })
  )
})
