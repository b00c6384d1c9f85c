import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Exit, Fiber, Logger, Random } from "effect"
import { TestClock } from "effect/testing"
import type { CacheStoreError } from "../../src/errors/CacheErrors.ts"
import { call, callOf, response } from "./support/cache.ts"
import { fakeStore, gone, key, type Process, processOn, settle } from "./support/stores.ts"

describe("ResponseCache with a store", () => {
  it.effect("does not use a store during the cool-down after a failure", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      fake.before = () => Effect.fail(gone)
      const { cache, chat, upstream } = yield* processOn(fake, { cooldown: Duration.seconds(5) })
      for (let number = 0; number < 20; number++) yield* chat(callOf(`${number}`))
      yield* settle
      assert.deepStrictEqual(fake.log, ["get", "set"])
      assert.strictEqual(upstream.asked(), 20)
      assert.deepInclude((yield* cache.statistics).store, { failures: 20, droppedWrites: 20, writes: 0 })
      assert.strictEqual((yield* chat(callOf("0"))).cached?.level, "memory")
      yield* TestClock.adjust("5 seconds")
      fake.before = () => Effect.void
      yield* chat(callOf("new"))
      yield* settle
      assert.deepStrictEqual(fake.log, ["get", "set", "get", "set"])
      assert.strictEqual(fake.entries.size, 1)
    })
  )

  it.effect("continues to read a store that cannot be written", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      yield* (yield* processOn(fake)).chat(call)
      yield* settle
      fake.before = (operation) => (operation === "set" ? Effect.fail(gone) : Effect.void)
      const { chat } = yield* processOn(fake)
      yield* chat(callOf("a"))
      yield* settle
      assert.strictEqual((yield* chat(call)).cached?.level, "store")
    })
  )

  for (const [what, hang] of [
    ["says nothing", Effect.never],
    ["cannot be interrupted", Effect.uninterruptible(Effect.sleep("1 hour"))]
  ] as const) {
    it.effect(`waits once, for at most the timeout, for a store that ${what}`, () =>
      Effect.gen(function* () {
        yield* TestClock.adjust("1 millis")
        const fake = fakeStore()
        fake.before = () => hang
        const { chat } = yield* processOn(fake, { timeout: Duration.millis(100) })
        const fiber = yield* Effect.forkChild(chat(call))
        yield* TestClock.adjust("99 millis")
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        assert.strictEqual((yield* Fiber.join(fiber)).text, "answer 1")
        const before = yield* Clock.currentTimeMillis
        for (let number = 0; number < 10; number++) yield* chat(callOf(`${number}`))
        assert.strictEqual(yield* Clock.currentTimeMillis, before)
        yield* TestClock.adjust("2 hours")
      })
    )
  }

  it.effect("removes a damaged entry", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      const fake = fakeStore()
      yield* (yield* processOn(fake)).chat(call)
      yield* settle
      const name = key(fake)
      const whole = fake.entries.get(name) ?? assert.fail()
      for (let round = 0; round < 200; round++) {
        const bytes = whole.bytes.slice(0, round % 10 === 0 ? round % whole.bytes.length : undefined)
        const at = Math.floor(chance.nextDoubleUnsafe() * bytes.length)
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (round % 8))
        fake.entries.set(name, { ...whole, bytes })
        fake.log.length = 0
        const { cache, chat, upstream } = yield* processOn(fake)
        assert.strictEqual((yield* chat(call)).text, "answer 1")
        assert.strictEqual(upstream.asked(), 1)
        yield* settle
        assert.deepStrictEqual(fake.log, ["get", "remove", "set"])
        assert.deepInclude((yield* cache.statistics).store, { corrupt: 1, hits: 0 })
      }
    }).pipe(Random.withSeed("damage"))
  )

  it.effect("calls the host if the stored entry has expired or belongs to another key", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      const { cache, chat } = yield* processOn(fake, { timeToLive: Duration.minutes(1) })
      yield* chat(call)
      yield* settle
      const entry = fake.entries.get(key(fake)) ?? assert.fail()
      fake.entries.set(yield* cache.keyOf(callOf("other")), entry)
      const two = yield* processOn(fake)
      yield* two.chat(callOf("other"))
      assert.strictEqual(two.upstream.asked(), 1)
      yield* TestClock.adjust("1 minute")
      const three = yield* processOn(fake)
      yield* three.chat(call)
      assert.strictEqual(three.upstream.asked(), 1)
    })
  )

  it.effect("returns only correct responses with a store that fails at random", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      const between = (from: number, to: number) => from + Math.floor(chance.nextDoubleUnsafe() * (to - from))
      yield* TestClock.adjust("1 millis")
      const fake = fakeStore()
      fake.before = (operation, name) =>
        Effect.suspend(() => {
          const entry = fake.entries.get(name)
          if (entry !== undefined && between(0, 4) === 0) {
            const bytes = entry.bytes.slice()
            const at = between(0, bytes.length)
            bytes[at] = between(0, 256)
            fake.entries.set(name, { ...entry, bytes })
          }
          switch (between(0, 8)) {
            case 0:
              return Effect.fail(gone)
            case 1:
              return Effect.never
            case 2:
              return Effect.die(operation)
            case 3:
              return Effect.sleep(Duration.millis(between(0, 200)))
            default:
              return Effect.void
          }
        })
      let calls = 0
      let slowest = 0
      const processes: Array<Process> = []
      for (let number = 0; number < 3; number++) {
        processes.push(
          yield* processOn(fake, {
            timeout: Duration.millis(100),
            cooldown: Duration.millis(50),
            timeToLive: Duration.seconds(2),
            maxEntries: 5
          })
        )
      }
      for (const { upstream } of processes)
        upstream.answer((_, asked) => {
          const content = asked.request.messages[0]?.content
          return response(`answer to ${typeof content === "string" ? content : assert.fail()}`)
        })
      const all = yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: 2_000 }),
          () =>
            Effect.gen(function* () {
              yield* Effect.sleep(Duration.millis(between(0, 20_000)))
              const { chat } = processes[between(0, 3)] ?? assert.fail()
              const text = `lookup ${between(0, 20)}`
              const before = yield* Clock.currentTimeMillis
              const answer = yield* chat(callOf(text))
              slowest = Math.max(slowest, (yield* Clock.currentTimeMillis) - before)
              assert.strictEqual(answer.text, `answer to ${text}`)
              calls += 1
            }),
          { concurrency: "unbounded", discard: true }
        )
      )
      for (let time = 0; time < 2_020; time++) yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(all.pollUnsafe(), Exit.void)
      assert.strictEqual(calls, 2_000)
      assert.isAtMost(slowest, 100)
      assert.isAtLeast(slowest, 90)
      const hits = yield* Effect.forEach(processes, ({ cache }) => cache.statistics)
      assert.isTrue(hits.every(({ store }) => (store?.hits ?? 0) > 10 && (store?.failures ?? 0) > 10))
      assert.isTrue(hits.some(({ store }) => (store?.corrupt ?? 0) > 5))
      yield* TestClock.adjust("1 minute")
    }).pipe(Random.withSeed("anything"))
  )

  it.effect("counts a damaged entry apart from one that is missing", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      const { cache, chat } = yield* processOn(fake)
      yield* chat(call)
      yield* settle
      assert.deepInclude((yield* cache.statistics).store, { corrupt: 0, misses: 1, hits: 0, writes: 1 })
      const name = key(fake)
      fake.entries.set(name, { ...(fake.entries.get(name) ?? assert.fail()), bytes: new Uint8Array(80) })
      const other = yield* processOn(fake)
      yield* other.chat(call)
      yield* settle
      assert.deepInclude((yield* other.cache.statistics).store, { corrupt: 1, misses: 1, hits: 0 })
    })
  )

  it.effect("counts an entry that has expired as missing", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      yield* (yield* processOn(fake)).chat(call)
      yield* settle
      yield* TestClock.adjust("30 days")
      fake.log.length = 0
      const { cache, chat } = yield* processOn(fake)
      yield* chat(call)
      yield* settle
      assert.deepInclude((yield* cache.statistics).store, { corrupt: 0, misses: 1 })
      assert.deepStrictEqual(fake.log, ["get", "remove", "set"])
    })
  )

  const storeState = (before: (operation: string) => Effect.Effect<void, CacheStoreError>) =>
    Effect.gen(function* () {
      const fake = fakeStore()
      fake.before = before
      const { cache, chat } = yield* processOn(fake)
      yield* chat(call)
      yield* settle
      const { failure, isReadable, isWritable } = (yield* cache.statistics).store ?? assert.fail("no store")
      return [isReadable, isWritable, failure]
    }).pipe(Effect.provide(Logger.layer([])))

  it.effect("has no reason of a failure while the store works", () =>
    Effect.map(
      storeState(() => Effect.void),
      (state) => assert.deepStrictEqual(state, [true, true, undefined])
    )
  )

  it.effect("has the reason why the store cannot be read", () =>
    Effect.map(
      storeState((operation) => (operation === "get" ? Effect.fail(gone) : Effect.void)),
      (state) => assert.deepStrictEqual(state, [false, true, "gone"])
    )
  )

  it.effect("has the reason why the store cannot be written", () =>
    Effect.map(
      storeState((operation) => (operation === "set" ? Effect.fail(gone) : Effect.void)),
      (state) => assert.deepStrictEqual(state, [true, false, "gone"])
    )
  )

  it.effect("has no text of an unexpected failure", () =>
    Effect.map(
      storeState((operation) => (operation === "get" ? Effect.die(new Error("sk-secret")) : Effect.void)),
      (state) => assert.deepStrictEqual(state, [false, true, "see the log"])
    )
  )
})
