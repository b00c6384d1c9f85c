/** A client with a fallback plan over real sockets, with a server for each host. */
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Context, Effect, Layer, Option, Redacted, Stream } from "effect"
import * as ChatTransport from "../src/ChatTransport.ts"
import * as FallbackPlan from "../src/FallbackPlan.ts"
import * as KimiClient from "../src/KimiClient.ts"
import * as UndiciHttpClient from "../src/node/UndiciHttpClient.ts"
import { hello, type Server } from "./node/support/kimi.ts"

const first = "sk-first-4be91c07d2f35a68"
const second = "sk-second-99aa55e01c7b3f42"
const overloaded = ErrorReply.table.engineOverloaded

interface Setting {
  readonly steps: (spare: Server) => ReadonlyArray<FallbackPlan.Step>
  readonly options?: KimiConfig.Options
}

/** A client at one mock server, whose fallback plan has a second one. */
const connect = Effect.fnUntraced(function* ({ options, steps }: Setting) {
  const own = yield* MockServer.make()
  const spare = yield* MockServer.make({ validateRequests: false })
  const layer = KimiClient.layerTransport.pipe(
    Layer.provide(FallbackPlan.layer(steps(spare))),
    Layer.provide(ChatTransport.layerHttp),
    Layer.provide(UndiciHttpClient.layer),
    Layer.provide(KimiConfig.layer({ apiKey: Redacted.make(first), baseUrl: own.url, maxAttempts: 1, ...options })),
    Layer.provideMerge(CircuitBreaker.layer())
  )
  const context = yield* Layer.build(layer)
  return {
    own,
    spare,
    breaker: Context.get(context, CircuitBreaker.CircuitBreaker),
    kimi: Context.get(context, KimiClient.KimiClient)
  }
})

const together: Setting["steps"] = (spare) => [
  { provider: "together", apiKey: Redacted.make(second), baseUrl: spare.url }
]

/** Everything that a server received, as text. */
const received = (server: Server) => Effect.map(server.requests, (requests) => inspect(requests, { depth: 10 }))

const membersOf = (server: Server) =>
  Effect.map(server.requests, (requests) => requests.map(({ json }) => json as Record<string, unknown>))

describe("a client with a fallback plan", () => {
  it.live("calls the next host when its own is overloaded", () =>
    Effect.gen(function* () {
      const { breaker, kimi, own, spare } = yield* connect({ steps: together })
      yield* own.replyAlways(overloaded)
      yield* spare.replyAlways(Reply.chatResponse({ content: "from the spare", model: "moonshotai/Kimi-K2.5" }))
      const request = { ...hello, max_completion_tokens: 10 }
      const answer = yield* kimi.chat(request)
      assert.strictEqual(answer.text, "from the spare")
      assert.deepStrictEqual([answer.provider, answer.model], ["together", "moonshotai/Kimi-K2.5"])
      const events = yield* Stream.runCollect(kimi.stream(request))
      const start = events[0]
      assert.strictEqual(start?._tag === "Start" ? start.provider : undefined, "together")
      assert.strictEqual(events.at(-1)?._tag, "Finish")
      // Each host receives its own dialect.
      const [atOwn] = yield* membersOf(own)
      assert.deepInclude(atOwn, { model: "kimi-k3", max_completion_tokens: 10 })
      const [atSpare] = yield* membersOf(spare)
      assert.deepInclude(atSpare, { model: "moonshotai/Kimi-K2.5", max_tokens: 10 })
      assert.deepStrictEqual([...(yield* breaker.states).keys()], ["moonshot/kimi-k3", "together/moonshotai/Kimi-K2.5"])
    }).pipe(Effect.scoped)
  )

  it.live("never sends the key of one host to another", () =>
    Effect.gen(function* () {
      const { kimi, own, spare } = yield* connect({
        steps: (server) => [
          ...together(server),
          { provider: "custom", baseUrl: server.url, on: ["ServiceUnavailableError"] },
          { model: "kimi-k2.6", on: ["ServiceUnavailableError"] }
        ]
      })
      yield* own.replyAlways(overloaded)
      yield* spare.replyAlways(({ headers }) => ErrorReply.make(503, undefined, `no ${headers["authorization"] ?? ""}`))
      const errors = [yield* Effect.flip(kimi.chat(hello)), yield* Effect.flip(Stream.runDrain(kimi.stream(hello)))]
      const atOwn = yield* received(own)
      const atSpare = yield* received(spare)
      assert.include(atOwn, `Bearer ${first}`)
      assert.include(atSpare, `Bearer ${second}`)
      assert.notInclude(atOwn, "99aa55e0")
      assert.notInclude(atSpare, "4be91c07")
      // The custom host has no key, and receives none.
      const keys = (yield* spare.requests).map(({ headers }) => headers["authorization"])
      assert.deepStrictEqual(keys, [`Bearer ${second}`, undefined, `Bearer ${second}`, undefined])
      for (const error of errors) {
        assert.notMatch(
          `${error.message} ${inspect(error, { depth: 10 })} ${JSON.stringify(error)}`,
          /4be91c07|99aa55e0/
        )
      }
    }).pipe(Effect.scoped)
  )

  it.live("fails with the last error, which has the attempts at every host", () =>
    Effect.gen(function* () {
      const { kimi, own, spare } = yield* connect({
        steps: together,
        options: { maxAttempts: 2, retryBaseDelay: "1 millis", retryJitter: "none" }
      })
      yield* own.replyAlways(overloaded)
      yield* spare.replyAlways(ErrorReply.make(503, undefined, "down"))
      const error = yield* Effect.flip(kimi.chat(hello))
      assert.strictEqual(error._tag, "ServiceUnavailableError")
      assert.strictEqual(error.provider, "together")
      assert.deepStrictEqual(
        error.attempts?.map(({ model, provider, tag }) => [tag, provider, model]),
        [
          ["OverloadedError", "moonshot", "kimi-k3"],
          ["OverloadedError", "moonshot", "kimi-k3"],
          ["ServiceUnavailableError", "together", "moonshotai/Kimi-K2.5"],
          ["ServiceUnavailableError", "together", "moonshotai/Kimi-K2.5"]
        ]
      )
    }).pipe(Effect.scoped)
  )

  it.live("does not fall back after a stream has content", () =>
    Effect.gen(function* () {
      const { kimi, own, spare } = yield* connect({ steps: together })
      const answer = Reply.chatResponse({ content: "one two three four five six" })
      yield* own.reply(Reply.withFault(Fault.TruncatedStream({ afterEvents: 4 }))(answer))
      const error = yield* Effect.flip(StreamFold.collect(kimi.stream(hello)))
      assert.strictEqual(error._tag, "StreamTruncatedError")
      assert.notStrictEqual(error.partial?.content ?? "", "")
      assert.deepStrictEqual(yield* spare.requests, [])
    }).pipe(Effect.scoped)
  )

  it.live("regenerates at the next host what its own cannot continue", () =>
    Effect.gen(function* () {
      const { kimi, own, spare } = yield* connect({ steps: together, options: { recovery: "continue" } })
      const answer = Reply.chatResponse({ content: "one two three four five six" })
      yield* own.reply(Reply.withFault(Fault.TruncatedStream({ afterEvents: 4 }))(answer))
      yield* own.reply(overloaded)
      yield* spare.replyAlways(Reply.chatResponse({ content: "another text", model: "moonshotai/Kimi-K2.5" }))
      const events = yield* Stream.runCollect(kimi.stream(hello))
      const response = Option.getOrUndefined(StreamFold.fold(events))
      assert.deepStrictEqual(
        [response?.provider, response?.model, response?.text],
        ["together", "moonshotai/Kimi-K2.5", "another text"]
      )
      assert.deepStrictEqual(
        events.flatMap(({ _tag }) => (_tag === "Reset" || _tag === "Resume" ? [_tag] : [])),
        ["Reset"]
      )
      const roles = (server: Server) =>
        Effect.map(server.requests, (requests) =>
          requests.map(({ json }) => (json as { messages: ReadonlyArray<{ role: string }> }).messages.at(-1)?.role)
        )
      assert.deepStrictEqual(yield* roles(own), ["user", "assistant"])
      assert.deepStrictEqual(yield* roles(spare), ["user"])
    }).pipe(Effect.scoped)
  )

  it.live("continues at the account of the step what that began", () =>
    Effect.gen(function* () {
      const { kimi, own, spare } = yield* connect({
        steps: (server) => [{ apiKey: Redacted.make(second), baseUrl: server.url }],
        options: { recovery: "continue" }
      })
      yield* own.replyAlways(overloaded)
      const answer = Reply.chatResponse({ content: "one two three four five six" })
      yield* spare.reply(Reply.withFault(Fault.TruncatedStream({ afterEvents: 4 }))(answer))
      yield* spare.reply(Reply.chatResponse({ content: " and the rest" }))
      const response = yield* StreamFold.collect(kimi.stream(hello))
      assert.match(response.text, /^one.* and the rest$/)
      assert.strictEqual((yield* own.requests).length, 1)
      assert.strictEqual((yield* spare.requests).length, 2)
    }).pipe(Effect.scoped)
  )

  it.live("sends no beginning of the caller to a host without Partial Mode", () =>
    Effect.gen(function* () {
      const { kimi, own, spare } = yield* connect({ steps: together })
      yield* own.replyAlways(overloaded)
      const messages = [...hello.messages, { role: "assistant" as const, content: "The capital of", partial: true }]
      const error = yield* Effect.flip(kimi.chat({ ...hello, messages }))
      assert.strictEqual(error._tag, "OverloadedError")
      assert.deepStrictEqual(yield* spare.requests, [])
    }).pipe(Effect.scoped)
  )

  it.live("falls back for a request that its own host's check rejects", () =>
    Effect.gen(function* () {
      const { kimi, own } = yield* connect({ steps: () => [{ model: "kimi-k2.6" }] })
      const answer = yield* kimi.chat({ ...hello, model: "kimi-k2.5" })
      assert.strictEqual(answer.provider, "moonshot")
      assert.deepStrictEqual(
        (yield* membersOf(own)).map(({ model }) => model),
        ["kimi-k2.6"]
      )
      const refused = yield* Effect.flip(kimi.chat({ ...hello, temperature: 0.3 }))
      assert.strictEqual(refused._tag, "UnsupportedParameterError")
    }).pipe(Effect.scoped)
  )

  it.live("calls another model with its own key in its own account", () =>
    Effect.gen(function* () {
      const { breaker, kimi, own } = yield* connect({ steps: () => [{ model: "kimi-k2.6", on: ["OverloadedError"] }] })
      yield* own.reply(overloaded)
      yield* kimi.chat(hello)
      assert.deepStrictEqual([...(yield* breaker.states).keys()], ["moonshot/kimi-k3", "moonshot/kimi-k2.6"])
      assert.deepStrictEqual(
        (yield* own.requests).map(({ headers }) => headers["authorization"]),
        [`Bearer ${first}`, `Bearer ${first}`]
      )
    }).pipe(Effect.scoped)
  )

  it.live("applies the limits of each account separately", () =>
    Effect.gen(function* () {
      const { kimi, own, spare } = yield* connect({
        steps: (server) => together(server).map((step) => ({ ...step, tokensPerMinute: 10 })),
        options: { tokensPerMinute: 1_000 }
      })
      yield* own.reply(overloaded)
      const error = yield* Effect.flip(kimi.chat({ ...hello, max_completion_tokens: 100 }))
      assert.deepInclude(error, { _tag: "AdmissionLimitError", account: "together", limit: 10 })
      assert.strictEqual((yield* own.requests).length, 1)
      assert.deepStrictEqual(yield* spare.requests, [])
    }).pipe(Effect.scoped)
  )

  it.live("applies its size limits at every host", () =>
    Effect.gen(function* () {
      const { kimi, own, spare } = yield* connect({ steps: together, options: { maxResponseBytes: 500 } })
      yield* own.reply(overloaded)
      yield* spare.reply(Reply.chatResponse({ content: "x".repeat(501) }))
      const error = yield* Effect.flip(kimi.chat(hello))
      assert.deepStrictEqual([error._tag, error.provider], ["ResponseTooLargeError", "together"])
    }).pipe(Effect.scoped)
  )

  it.live("describes the fallback steps", () =>
    Effect.gen(function* () {
      const { kimi } = yield* connect({
        steps: (server) => [...together(server), { model: "kimi-k2.6", on: ["OverloadedError"] }]
      })
      assert.include(
        kimi.describe(),
        "\nfallback: 1 together/moonshotai/Kimi-K2.5, 2 moonshot/kimi-k2.6 on OverloadedError\n"
      )
    }).pipe(Effect.scoped)
  )
})
