import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Exit, Fiber, Redacted, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as CacheControl from "../../src/cache/CacheControl.ts"
import { call, callOf, plainOf } from "./support/cache.ts"
import { fakeStore, gone, key, processOn, settle } from "./support/stores.ts"

describe("ResponseCache with a store", () => {
  it.effect("reads what another process has written", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      const one = yield* processOn(fake)
      const first = yield* one.chat(call)
      yield* settle
      yield* TestClock.adjust("1 second")
      const two = yield* processOn(fake)
      const second = yield* two.chat(call)
      assert.deepStrictEqual(second.cached, { level: "store", age: 1_000, isStale: false })
      assert.deepStrictEqual(plainOf(second), plainOf(first))
      const third = yield* two.chat(call)
      assert.strictEqual(third.cached?.level, "memory")
      assert.deepStrictEqual(fake.log, ["get", "set", "get"])
      assert.strictEqual(two.upstream.asked(), 0)
      assert.deepInclude((yield* two.cache.statistics).store, { hits: 1, misses: 0 })
      assert.deepInclude((yield* one.cache.statistics).store, { hits: 0, misses: 1, writes: 1, pending: 0 })
    })
  )

  it.effect("stores nothing in plaintext except the digest, times, tags", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      const { cache, chat } = yield* processOn(fake, {
        timeToLive: Duration.minutes(1),
        envelope: { encryptionKey: Redacted.make("00".repeat(32)) }
      })
      yield* chat(callOf("a secret")).pipe(CacheControl.provide({ tags: ["x"] }))
      for (let i = 0; i < 100_000 && fake.entries.size === 0; i++)
        yield* Effect.promise(() => new Promise(setImmediate))
      assert.strictEqual(key(fake), yield* cache.keyOf(callOf("a secret")))
      const { bytes, expiresAt, tags } = fake.entries.get(key(fake)) ?? assert.fail()
      assert.strictEqual(expiresAt, 60_000)
      assert.deepStrictEqual(tags, ["model:kimi-k3", "tag:x"])
      assert.notInclude(new TextDecoder().decode(bytes), "answer 1")
    })
  )

  it.effect("reads the store once for concurrent calls", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      yield* (yield* processOn(fake)).chat(call)
      yield* settle
      const { chat, upstream } = yield* processOn(fake)
      fake.log.length = 0
      fake.before = () => Effect.sleep("50 millis")
      const fibers = yield* Effect.forEach(Array.from({ length: 20 }), () => Effect.forkChild(chat(call)))
      yield* TestClock.adjust("50 millis")
      for (const fiber of fibers) assert.strictEqual((yield* Fiber.join(fiber)).cached?.level, "store")
      assert.deepStrictEqual(fake.log, ["get"])
      assert.strictEqual(upstream.asked(), 0)
    })
  )

  it.effect("does not wait for writes", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      fake.before = (operation) => (operation === "set" ? Effect.sleep("1 second") : Effect.void)
      const { cache, chat } = yield* processOn(fake)
      for (const text of ["a", "b", "c"]) yield* chat(callOf(text))
      assert.strictEqual(yield* Clock.currentTimeMillis, 0)
      assert.strictEqual((yield* cache.statistics).store?.pending, 3)
      yield* TestClock.adjust("2999 millis")
      assert.strictEqual(fake.entries.size, 2)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(fake.entries.size, 3)
    })
  )

  it.effect("counts no write of a response that is too large", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      const { cache, chat } = yield* processOn(fake, { timeToLive: Duration.minutes(1), envelope: { maxBytes: 10 } })
      yield* chat(call)
      yield* settle
      assert.strictEqual(fake.entries.size, 0)
      assert.deepInclude((yield* cache.statistics).store, { writes: 0, droppedWrites: 1, pending: 0 })
    })
  )

  it.effect("bounds pending writes", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      fake.before = (operation) => (operation === "set" ? Effect.sleep("1 second") : Effect.void)
      for (const bounds of [{ maxPending: 3 }, { maxPendingBytes: 2_500 }]) {
        const { cache, chat } = yield* processOn(fake, bounds)
        for (let number = 0; number < 10; number++) yield* chat(callOf(`${number}`))
        const { droppedWrites, pending } = (yield* cache.statistics).store ?? assert.fail()
        assert.strictEqual(droppedWrites + pending, 10)
        assert.isAtMost(pending, 3)
        assert.isAtLeast(pending, 2)
        assert.strictEqual((yield* cache.statistics).memory.entries, 10)
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* cache.statistics).store?.pending, 0)
        fake.entries.clear()
      }
    })
  )

  it.effect("writes pending entries when it closes, within the timeout", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      fake.before = (operation) => (operation === "set" ? Effect.sleep("400 millis") : Effect.void)
      const scope = yield* Scope.make()
      const { chat } = yield* Scope.provide(processOn(fake, { flushTimeout: Duration.seconds(1) }), scope)
      for (const text of ["a", "b", "c", "d"]) yield* chat(callOf(text))
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(closing)
      assert.strictEqual(fake.entries.size, 2)
      // The write that had started continues; the last one never starts.
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(fake.entries.size, 3)
    })
  )

  it.effect("refreshes a stale entry of the store once", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      const options = { staleAfter: Duration.minutes(1) }
      yield* (yield* processOn(fake, options)).chat(call)
      yield* TestClock.adjust("1 minute")
      const { chat, upstream } = yield* processOn(fake, options)
      void upstream.hold()
      const stale = yield* Effect.all(
        Array.from({ length: 10 }, () => chat(call)),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(stale[0]?.cached?.level, "store")
      assert.isTrue(stale.every(({ cached }) => cached?.isStale))
      yield* chat(call)
      yield* settle
      assert.strictEqual(upstream.asked(), 1)
    })
  )

  it.effect("removes from both levels after earlier writes", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      fake.before = (operation) => (operation === "set" ? Effect.sleep("100 millis") : Effect.void)
      const { cache, chat } = yield* processOn(fake)
      const ask = (text: string) => chat(callOf(text)).pipe(CacheControl.provide({ tags: [text] }))
      for (const remove of [
        Effect.flatMap(cache.keyOf(callOf("a")), cache.remove),
        cache.removeTag("a"),
        cache.removeModel("kimi-k3"),
        cache.clear
      ]) {
        yield* ask("a")
        assert.strictEqual(fake.entries.size, 0)
        const removing = yield* Effect.forkChild(remove)
        yield* TestClock.adjust("100 millis")
        yield* Fiber.join(removing)
        assert.strictEqual(fake.entries.size, 0)
        assert.strictEqual((yield* cache.statistics).memory.entries, 0)
      }
    })
  )

  it.effect("does not restore an entry that is removed while it is read", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      yield* (yield* processOn(fake)).chat(call)
      yield* settle
      const { cache, chat } = yield* processOn(fake)
      fake.before = (operation) => (operation === "get" ? Effect.sleep("50 millis") : Effect.void)
      const entry = fake.entries.get(key(fake)) ?? assert.fail()
      const reading = yield* Effect.forkChild(chat(call))
      yield* settle
      yield* cache.removeTag("something else")
      fake.entries.set(yield* cache.keyOf(call), entry)
      yield* TestClock.adjust("50 millis")
      yield* Fiber.join(reading)
      assert.strictEqual((yield* cache.statistics).memory.entries, 0)
    })
  )

  it.effect("fails a removal if the store fails, after the removal from memory", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      const { cache, chat } = yield* processOn(fake, { writeTimeout: Duration.seconds(2) })
      yield* chat(call)
      yield* settle
      fake.before = () => Effect.fail(gone)
      assert.strictEqual(yield* Effect.flip(cache.clear), gone)
      assert.strictEqual((yield* cache.statistics).memory.entries, 0)
      fake.before = () => Effect.never
      const fiber = yield* Effect.forkChild(Effect.flip(cache.removeTag("x")))
      yield* TestClock.adjust("2 seconds")
      const error = yield* Fiber.join(fiber)
      assert.deepInclude({ ...error }, { _tag: "CacheStoreError", store: "fake", operation: "removeTag" })
    })
  )

  it.effect("reads the store for calls with onlyIfCached", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      yield* (yield* processOn(fake)).chat(call)
      yield* settle
      const { chat, upstream } = yield* processOn(fake)
      const only = CacheControl.provide({ mode: "onlyIfCached" })
      assert.strictEqual((yield* only(chat(call))).cached?.level, "store")
      assert.strictEqual((yield* only(chat(call))).cached?.level, "memory")
      assert.strictEqual((yield* Effect.flip(only(chat(callOf("other")))))._tag, "CacheMissError")
      assert.strictEqual(upstream.asked(), 0)
    })
  )
})
