import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as CacheControl from "../../../src/cache/CacheControl.ts"
import type * as ResponseCache from "../../../src/cache/ResponseCache.ts"
import * as CallOptions from "../../../src/CallOptions.ts"
import type { Call } from "../../../src/pipeline/Call.ts"
import * as Pipeline from "../../../src/pipeline/Pipeline.ts"
import * as Stage from "../../../src/pipeline/Stage.ts"
import { call, callOf, makeMemory, makeStage, plainOf, response } from "../support/cache.ts"

describe("CacheStage", () => {
  it.effect("serves a call from an earlier response, marked as cached", () =>
    Effect.gen(function* () {
      const { chat, upstream } = yield* makeStage()
      const first = yield* chat(call)
      assert.isUndefined(first.cached)
      yield* TestClock.adjust("1 minute")
      const second = yield* chat(callOf("Hi", { n: 1 }))
      assert.deepStrictEqual(second.cached, { level: "memory", age: 60_000, isStale: false })
      assert.deepStrictEqual(plainOf(second), plainOf(first))
      assert.strictEqual(second.text, "answer 1")
      assert.strictEqual((yield* chat(callOf("Ho"))).text, "answer 2")
      assert.strictEqual(upstream.asked(), 2)
    })
  )

  it.effect("runs no inner stage on a hit", () =>
    Effect.gen(function* () {
      const { cache, upstream } = yield* makeStage()
      const touched: Array<string> = []
      const counting = (name: string): Stage.Stage =>
        Stage.make(name, {
          effect: (inner) => (call) => {
            touched.push(name)
            return inner(call)
          },
          stream: (inner) => (call) => {
            touched.push(name)
            return inner(call)
          }
        })
      const pipeline = Pipeline.order.map((name) => (name === "cache" ? cache.stage() : counting(name)))
      const chat = Pipeline.effect(pipeline, upstream.attempt)
      const stream = Pipeline.stream(pipeline, () => Stream.die("asked"))
      yield* chat(call)
      assert.deepStrictEqual(
        touched.splice(0),
        Pipeline.order.filter((name) => name !== "cache")
      )
      yield* chat(call)
      yield* Stream.runDrain(stream(call))
      assert.deepStrictEqual(touched, ["deadline", "deadline"])
      assert.strictEqual(upstream.asked(), 1)
    })
  )

  it.effect("returns responses that callers cannot change for other callers", () =>
    Effect.gen(function* () {
      const { chat } = yield* makeStage()
      const first = yield* chat(call)
      Object.assign(first.choices[0].message, { content: "changed" })
      const second = yield* chat(call)
      assert.throws(() => Object.assign(second.choices[0].message, { content: "changed" }))
      assert.strictEqual((yield* chat(call)).text, "answer 1")
    })
  )

  it.effect("drops the rate status of a cached response", () =>
    Effect.gen(function* () {
      const { chat, upstream } = yield* makeStage()
      upstream.answer(() => response("a", { rateStatus: { remaining: 1 } }))
      assert.isDefined((yield* chat(call)).rateStatus)
      assert.isUndefined((yield* chat(call)).rateStatus)
    })
  )

  it.effect("separates responses by tenant, host, address, model", () =>
    Effect.gen(function* () {
      const { cache, upstream } = yield* makeStage()
      const chat = cache.stage({ originOf: ({ account }) => account }).effect(upstream.attempt)
      const calls: ReadonlyArray<Call> = [
        call,
        { ...call, account: "other address" },
        { ...call, provider: "together" },
        callOf("Hi", { model: "kimi-k2.6" })
      ]
      for (const each of calls) yield* chat(each)
      yield* chat(call).pipe(CallOptions.provide({ tenant: "other" }))
      assert.strictEqual(upstream.asked(), 5)
      yield* chat(call).pipe(CallOptions.provide({ priority: "swarm" }))
      assert.strictEqual(upstream.asked(), 5)
    })
  )

  it.effect("caches for the time to live, which a call may override", () =>
    Effect.gen(function* () {
      const { chat, upstream } = yield* makeStage({ timeToLive: Duration.minutes(10) })
      yield* chat(call)
      yield* chat(callOf("short")).pipe(CacheControl.provide({ timeToLive: Duration.seconds(5) }))
      yield* chat(callOf("never")).pipe(CacheControl.provide({ timeToLive: Duration.zero }))
      yield* chat(callOf("always")).pipe(CacheControl.provide({ timeToLive: Duration.infinity }))
      yield* TestClock.adjust("4999 millis")
      yield* chat(callOf("short"))
      assert.strictEqual(upstream.asked(), 4)
      yield* TestClock.adjust("1 millis")
      yield* chat(callOf("short"))
      yield* chat(callOf("never"))
      assert.strictEqual(upstream.asked(), 6)
      yield* TestClock.adjust("594999 millis")
      yield* chat(call)
      assert.strictEqual(upstream.asked(), 6)
      yield* TestClock.adjust("1 millis")
      yield* chat(call)
      yield* chat(callOf("always"))
      assert.strictEqual(upstream.asked(), 7)
    })
  )

  describe("control", () => {
    it.effect("replaces the cached response on refresh", () =>
      Effect.gen(function* () {
        const { chat, upstream } = yield* makeStage()
        yield* chat(call)
        const fresh = yield* chat(call).pipe(CacheControl.provide({ mode: "refresh" }))
        assert.strictEqual(fresh.text, "answer 2")
        assert.isUndefined(fresh.cached)
        assert.strictEqual((yield* chat(call)).text, "answer 2")
        assert.strictEqual(upstream.asked(), 2)
      })
    )

    it.effect("neither reads, writes nor shares on bypass", () =>
      Effect.gen(function* () {
        const { cache, chat, upstream } = yield* makeStage()
        const bypass = chat(call).pipe(CacheControl.provide({ mode: "bypass" }))
        yield* Effect.all([bypass, bypass], { concurrency: 2 })
        assert.strictEqual((yield* chat(call)).text, "answer 3")
        assert.strictEqual((yield* bypass).text, "answer 4")
        assert.strictEqual((yield* chat(call)).text, "answer 3")
        assert.strictEqual(upstream.asked(), 4)
        assert.deepInclude((yield* cache.statistics).memory, { hits: 1, misses: 1 })
      })
    )

    it.effect("does not call the host with onlyIfCached", () =>
      Effect.gen(function* () {
        const { cache, chat, upstream } = yield* makeStage({ staleAfter: Duration.seconds(1) })
        const only = chat(call).pipe(CacheControl.provide({ mode: "onlyIfCached" }))
        const error = yield* Effect.flip(only)
        assert.deepInclude(
          { ...error },
          { _tag: "CacheMissError", key: yield* cache.keyOf(call), provider: "moonshot", model: "kimi-k3" }
        )
        const stream = cache.stage().stream(() => Stream.die("asked"))
        const streamed = yield* Effect.flip(
          Stream.runDrain(stream(call)).pipe(CacheControl.provide({ mode: "onlyIfCached" }))
        )
        assert.strictEqual(streamed._tag, "CacheMissError")
        yield* chat(call)
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual((yield* only).cached, { level: "memory", age: 2_000, isStale: true })
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual(upstream.asked(), 1)
      })
    )
  })

  describe("fallback", () => {
    const other = callOf("Hi", { model: "moonshotai/Kimi-K3" }, "together")
    const setup = Effect.fnUntraced(function* (options: ResponseCache.Options) {
      const cache = yield* makeMemory(options)
      const asked: Array<string> = []
      const chat = cache.stage().effect((call) =>
        Effect.sync(() => {
          asked.push(call.provider)
          if (call.state !== undefined) call.state.lastAttempt = other
          return response("of the fallback", { provider: "together" })
        })
      )
      return { chat, asked }
    })

    it.effect("caches the response of a fallback for calls to the fallback only", () =>
      Effect.gen(function* () {
        const { asked, chat } = yield* setup({})
        yield* chat(call)
        assert.strictEqual((yield* chat(other)).text, "of the fallback")
        assert.deepStrictEqual(asked, ["moonshot"])
        yield* chat(call)
        assert.deepStrictEqual(asked, ["moonshot", "moonshot"])
      })
    )

    it.effect.each([
      ["of another host with the same model", { ...callOf("Hi", {}, "together"), account: call.account }],
      ["of another model of the same host", callOf("Hi", { model: "kimi-k2.6" })],
      ["of another address of the same host", { ...call, account: "other" }]
    ] as const)("does not cache a response %s for the original call", ([, answered]) =>
      Effect.gen(function* () {
        const cache = yield* makeMemory()
        let asked = 0
        const stage = cache.stage({ originOf: ({ account }) => account })
        const chat = stage.effect((call) =>
          Effect.sync(() => {
            asked += 1
            if (call.state !== undefined) call.state.lastAttempt = answered
            return response(`answer ${asked}`)
          })
        )
        yield* chat(call)
        assert.strictEqual((yield* chat(call)).text, "answer 2")
        assert.strictEqual((yield* chat(answered)).text, "answer 2")
      })
    )

    it.effect("caches it for both calls with sharesFallback", () =>
      Effect.gen(function* () {
        const { asked, chat } = yield* setup({ sharesFallback: true })
        yield* chat(call)
        assert.strictEqual((yield* chat(call)).text, "of the fallback")
        assert.strictEqual((yield* chat(other)).text, "of the fallback")
        assert.deepStrictEqual(asked, ["moonshot"])
      })
    )

    it.effect("caches the response to a repaired request under the original request", () =>
      Effect.gen(function* () {
        const { cache } = yield* makeStage()
        let asked = 0
        const chat = cache.stage().effect((call) =>
          Effect.sync(() => {
            asked += 1
            if (call.state !== undefined) call.state.lastAttempt = callOf("Hi")
            return response("a")
          })
        )
        yield* chat(callOf("Hi", { temperature: 0.3 }))
        yield* chat(callOf("Hi", { temperature: 0.3 }))
        assert.strictEqual(asked, 1)
      })
    )
  })
})
