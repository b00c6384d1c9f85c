import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Result, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as CacheControl from "../../src/cache/CacheControl.ts"
import * as CacheOptions from "../../src/cache/internal/CacheOptions.ts"
import { CacheStore } from "../../src/cache/CacheStore.ts"
import * as ResponseCache from "../../src/cache/ResponseCache.ts"
import * as Pipeline from "../../src/pipeline/Pipeline.ts"
import { call, callOf, host, layerDigest, makeMemory, response } from "./support/cache.ts"
import { fakeStore } from "./support/stores.ts"

const texts = ["a", "b", "c"] as const

/** Three responses: one tagged x, one tagged x and y, one of another model. */
const filled = Effect.gen(function* () {
  const cache = yield* makeMemory()
  const upstream = host()
  const chat = cache.stage().effect(upstream.attempt)
  const calls = [callOf("a"), callOf("b"), callOf("c", { model: "kimi-k2.6" })] as const
  yield* chat(calls[0]).pipe(CacheControl.provide({ tags: ["x"] }))
  yield* chat(calls[1]).pipe(CacheControl.provide({ tags: ["x", "y"] }))
  yield* chat(calls[2])
  const known = Effect.map(
    Effect.forEach(calls, (each) => Effect.isSuccess(chat(each).pipe(CacheControl.provide({ mode: "onlyIfCached" })))),
    (found) => texts.filter((_, index) => found[index])
  )
  return { cache, upstream, chat, calls, known }
})

describe("ResponseCache", () => {
  it.effect("removes by key, tag or model, or all", () =>
    Effect.gen(function* () {
      const { cache, calls, chat, known } = yield* filled
      assert.deepStrictEqual(yield* known, ["a", "b", "c"])
      yield* cache.remove(yield* cache.keyOf(calls[0]))
      assert.deepStrictEqual(yield* known, ["b", "c"])
      yield* cache.removeTag("kimi-k2.6")
      yield* cache.removeTag("model:kimi-k2.6")
      assert.deepStrictEqual(yield* known, ["b", "c"])
      yield* cache.removeModel("kimi-k2.6")
      assert.deepStrictEqual(yield* known, ["b"])
      yield* cache.removeTag("y")
      assert.deepStrictEqual(yield* known, [])
      yield* chat(calls[0])
      yield* chat(calls[2])
      yield* cache.clear
      assert.deepStrictEqual(yield* known, [])
    })
  )

  for (const [what, remove] of [
    ["key", (cache) => Effect.flatMap(cache.keyOf(call), cache.remove)],
    ["tag", (cache) => cache.removeTag("x")],
    ["model", (cache) => cache.removeModel("kimi-k3")],
    ["everything", (cache) => cache.clear]
  ] as const satisfies ReadonlyArray<
    readonly [string, (cache: ResponseCache.ResponseCache["Service"]) => Effect.Effect<void, unknown>]
  >) {
    it.effect(`does not cache the response of a running call when its ${what} is removed`, () =>
      Effect.gen(function* () {
        const cache = yield* makeMemory()
        const upstream = host()
        const chat = cache.stage().effect(upstream.attempt)
        const release = upstream.hold()
        const before = yield* Effect.forkChild(chat(call).pipe(CacheControl.provide({ tags: ["x"] })))
        yield* TestClock.adjust(0)
        yield* remove(cache)
        const after = yield* Effect.forkChild(chat(call))
        yield* TestClock.adjust(0)
        assert.strictEqual(upstream.asked(), 2)
        yield* release
        assert.strictEqual((yield* Fiber.join(before)).text, "answer 1")
        assert.strictEqual((yield* Fiber.join(after)).text, "answer 2")
        assert.strictEqual((yield* chat(call)).text, "answer 2")
        // Nor without another call in the meantime.
        yield* cache.clear
        const again = upstream.hold()
        const alone = yield* Effect.forkChild(chat(call).pipe(CacheControl.provide({ mode: "refresh", tags: ["x"] })))
        yield* TestClock.adjust(0)
        yield* remove(cache)
        yield* again
        assert.strictEqual((yield* Fiber.join(alone)).text, "answer 3")
        assert.isUndefined((yield* chat(call)).cached)
        assert.strictEqual(upstream.asked(), 4)
      })
    )
  }

  it.effect("keeps running calls that differ in key, tag or model", () =>
    Effect.gen(function* () {
      const cache = yield* makeMemory()
      const upstream = host()
      const chat = cache.stage().effect(upstream.attempt)
      const release = upstream.hold()
      const fiber = yield* Effect.forkChild(chat(call))
      yield* TestClock.adjust(0)
      yield* cache.remove("other")
      yield* cache.removeTag("x")
      yield* cache.removeModel("kimi-k2.6")
      yield* release
      yield* Fiber.join(fiber)
      yield* chat(call)
      assert.strictEqual(upstream.asked(), 1)
    })
  )

  it.effect("counts its operations", () =>
    Effect.gen(function* () {
      const { cache, calls, chat } = yield* filled
      yield* chat(calls[0])
      const { bytes, ...counts } = (yield* cache.statistics).memory
      assert.deepStrictEqual(counts, {
        hits: 1,
        staleHits: 0,
        misses: 3,
        hitRate: 0.25,
        evictions: 0,
        expirations: 0,
        rejections: 0,
        entries: 3
      })
      assert.isAbove(bytes, 1_500)
      assert.isUndefined((yield* cache.statistics).store)
    })
  )

  it.effect("evicts the least recently used responses", () =>
    Effect.gen(function* () {
      const cache = yield* makeMemory({ maxEntries: 2 })
      const upstream = host()
      const chat = cache.stage().effect(upstream.attempt)
      for (const text of ["a", "b", "a", "c", "a"]) yield* chat(callOf(text))
      assert.strictEqual(upstream.asked(), 3)
      yield* chat(callOf("b"))
      assert.strictEqual(upstream.asked(), 4)
      assert.deepInclude((yield* cache.statistics).memory, { evictions: 2, entries: 2 })
    })
  )

  it.effect("serves all clients that share it", () =>
    Effect.gen(function* () {
      const cache = yield* ResponseCache.ResponseCache
      const one = host()
      const other = host()
      yield* cache.stage().effect(one.attempt)(call)
      yield* cache.stage().effect(other.attempt)(call)
      assert.deepStrictEqual([one.asked(), other.asked()], [1, 0])
    }).pipe(Effect.provide(ResponseCache.layerMemory()))
  )

  it.effect("names every invalid option", () =>
    Effect.gen(function* () {
      const store = Layer.succeed(CacheStore, fakeStore().store)
      const broken: ReadonlyArray<readonly [ResponseCache.PersistedOptions, ReadonlyArray<string>]> = [
        [{ timeToLive: Duration.zero, maxEntries: 0.5, maxBytes: -1 }, ["timeToLive", "maxBytes", "maxEntries"]],
        [{ timeToLive: Duration.infinity }, ["timeToLive"]],
        [{ timeToLive: Duration.minutes(1), staleAfter: Duration.minutes(1) }, ["staleAfter"]],
        [{ refreshCooldown: Duration.zero, staleAfter: Duration.zero }, ["staleAfter", "refreshCooldown"]],
        [{ timeToLive: "1 fortnight" as never, refreshCooldown: "-1 seconds" }, ["timeToLive", "refreshCooldown"]],
        [{ timeToLive: "1 minute", staleAfter: "60 seconds" }, ["staleAfter"]],
        [{ maxBytes: 1_000, maxEntryBytes: 2_000 }, ["maxEntryBytes"]],
        [{ alsoCache: ["errors" as never], replay: "slowly" as never }, ["alsoCache", "replay"]]
      ]
      for (const [options, names] of broken) {
        for (const layer of [
          ResponseCache.layerMemory(options),
          Layer.provide(ResponseCache.layerPersisted(options), store)
        ]) {
          const result = yield* Effect.result(Effect.scoped(Layer.build(layer)))
          if (Result.isSuccess(result)) assert.fail(names.join())
          const expected = names.map((name) => `ResponseCache ${name}`)
          assert.includeMembers(
            result.failure.issues.map(({ name }) => name),
            expected
          )
        }
      }
      const persisted: ResponseCache.PersistedOptions = {
        timeout: Duration.zero,
        writeTimeout: Duration.zero,
        cooldown: Duration.infinity,
        maxPending: 0,
        maxPendingBytes: Number.NaN,
        flushTimeout: Duration.zero
      }
      const layer = Layer.provide(ResponseCache.layerPersisted(persisted), store)
      const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        Object.keys(persisted).map((name) => `ResponseCache ${name}`)
      )
      const sealed = Layer.provide(ResponseCache.layerPersisted({ envelope: { maxBytes: -1 } }), store)
      assert.strictEqual((yield* Effect.flip(Effect.scoped(Layer.build(sealed))))._tag, "ConfigurationError")
      yield* Effect.scoped(Layer.build(ResponseCache.layerMemory({ maxBytes: 100_000 })))
    })
  )

  it.effect("accepts durations in any form", () =>
    Effect.gen(function* () {
      const given = {
        timeToLive: "90 minutes",
        staleAfter: 30_000,
        refreshCooldown: undefined,
        maxBytes: undefined
      } as const
      const memory = { ...CacheOptions.defaults, timeToLive: Duration.minutes(90), staleAfter: Duration.seconds(30) }
      assert.deepStrictEqual(yield* CacheOptions.resolveMemory(given), memory)
      const store = { timeout: "50 millis", writeTimeout: { seconds: 3 }, cooldown: 4_000 } as const
      assert.deepStrictEqual(yield* CacheOptions.resolvePersisted({ ...given, ...store, flushTimeout: "5 seconds" }), {
        ...CacheOptions.persistedDefaults,
        ...memory,
        timeout: Duration.millis(50),
        writeTimeout: Duration.seconds(3),
        cooldown: Duration.seconds(4),
        flushTimeout: Duration.seconds(5)
      })
    })
  )

  it.effect("describes its options", () =>
    Effect.gen(function* () {
      const words = (cache: ResponseCache.ResponseCache["Service"]) => Pipeline.describe([cache.stage()])
      assert.strictEqual(
        words(yield* makeMemory()),
        "cache: time to live 1d, memory 67108864 bytes, 10000 entries, replay immediate"
      )
      assert.strictEqual(
        words(
          yield* makeMemory({
            staleAfter: Duration.minutes(1),
            replay: "recorded",
            alsoCache: ["toolCalls", "truncated"],
            sharesFallback: true
          })
        ),
        "cache: time to live 1d, stale after 1m, memory 67108864 bytes, 10000 entries, replay as recorded, also caches toolCalls and truncated, fallback shared"
      )
    })
  )

  it.effect("makes every call if it is off, except with onlyIfCached", () =>
    Effect.gen(function* () {
      const cache = yield* ResponseCache.ResponseCache
      const upstream = host()
      const stage = cache.stage()
      const chat = stage.effect(upstream.attempt)
      const stream = stage.stream(() => Stream.die("asked"))
      yield* chat(call)
      assert.isUndefined((yield* chat(call)).cached)
      assert.strictEqual(upstream.asked(), 2)
      const only = CacheControl.provide({ mode: "onlyIfCached" })
      const error = yield* Effect.flip(only(chat(call)))
      assert.deepInclude({ ...error }, { _tag: "CacheMissError", key: yield* cache.keyOf(call) })
      assert.strictEqual((yield* Effect.flip(only(Stream.runDrain(stream(call)))))._tag, "CacheMissError")
      assert.strictEqual(upstream.asked(), 2)
      yield* cache.clear
      assert.strictEqual((yield* cache.statistics).memory.entries, 0)
      assert.deepStrictEqual(stage.options, { is: "off" })
    }).pipe(Effect.provide(Layer.provideMerge(ResponseCache.layerOff, layerDigest)))
  )

  it.effect("keeps the usage of the original call", () =>
    Effect.gen(function* () {
      const { chat, calls } = yield* filled
      assert.deepStrictEqual((yield* chat(calls[0])).usage, response("a").usage)
    })
  )
})

describe("a cache that is off", () => {
  const off = Effect.provide(ResponseCache.ResponseCache, Layer.provideMerge(ResponseCache.layerOff, layerDigest))

  it.effect("is described as off", () =>
    Effect.map(off, (cache) => {
      const { name, options } = cache.stage()
      assert.deepStrictEqual([name, options, cache.options], ["cache", { is: "off" }, { is: "off" }])
    })
  )

  it.effect("has nothing to remove", () =>
    Effect.gen(function* () {
      const cache = yield* off
      yield* cache.remove("key")
      yield* cache.removeTag("tag")
      yield* cache.removeModel("model")
      yield* cache.clear
      const { flights, memory, refreshes } = yield* cache.statistics
      assert.deepStrictEqual([flights, memory.entries, refreshes], [0, 0, { started: 0, failed: 0, running: 0 }])
    })
  )

  it.effect("has the same options without any as with none of them", () =>
    Effect.gen(function* () {
      const cache = yield* Effect.provide(ResponseCache.makeMemory(), layerDigest)
      assert.deepStrictEqual(cache.options, (yield* makeMemory({})).options)
    })
  )
})
