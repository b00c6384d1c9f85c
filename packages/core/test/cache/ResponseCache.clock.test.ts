import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import { call, makeStage } from "./support/cache.ts"
import { fakeStore, processOn, settle } from "./support/stores.ts"

const options = { timeToLive: Duration.minutes(10), staleAfter: Duration.minutes(5) }
const hour = 3_600_000
const maxSkew = 60_000

describe("ResponseCache in memory", () => {
  for (const [name, jump] of jumps) {
    it.effect(`serves a response for its time when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const { chat, upstream } = yield* makeStage({ timeToLive: Duration.minutes(10) })
          yield* chat(call)
          set(jump)
          yield* TestClock.adjust("599999 millis")
          assert.deepStrictEqual((yield* chat(call)).cached, { level: "memory", age: 599_999, isStale: false })
          yield* TestClock.adjust("1 millis")
          assert.isUndefined((yield* chat(call)).cached)
          assert.strictEqual(upstream.asked(), 2)
        })
      )
    )

    it.effect(`refreshes a stale response in time when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const { chat, upstream } = yield* makeStage(options)
          yield* chat(call)
          set(jump)
          yield* TestClock.adjust("299999 millis")
          yield* chat(call)
          yield* settle
          assert.strictEqual(upstream.asked(), 1)
          yield* TestClock.adjust("1 millis")
          yield* chat(call)
          yield* settle
          assert.strictEqual(upstream.asked(), 2)
        })
      )
    )
  }
})

describe("ResponseCache with a store", () => {
  /** Writes a response, sets the clock, and returns its status for a process that starts then. */
  const statusAfter = (jump: number) =>
    withWallClock((set) =>
      Effect.gen(function* () {
        const fake = fakeStore()
        const one = yield* processOn(fake, options)
        yield* one.chat(call)
        yield* settle
        set(jump)
        const other = yield* processOn(fake, options)
        const { cached } = yield* other.chat(call)
        yield* settle
        return { cached, log: fake.log }
      })
    )

  it.effect("does not serve an entry from the future", () =>
    Effect.gen(function* () {
      const { cached, log } = yield* statusAfter(-hour)
      assert.isUndefined(cached)
      // It is removed, and the new response is written.
      assert.deepStrictEqual(log.slice(2).toSorted(), ["get", "remove", "set"])
    })
  )

  it.effect("serves an entry of a machine whose clock is a little ahead as new", () =>
    Effect.gen(function* () {
      const { cached } = yield* statusAfter(-maxSkew)
      assert.deepStrictEqual(cached, { level: "store", age: 0, isStale: false })
    })
  )

  it.effect("counts the time of an entry of a machine whose clock is a little ahead from when it is read", () =>
    withWallClock((set) =>
      Effect.gen(function* () {
        const fake = fakeStore()
        yield* (yield* processOn(fake, options)).chat(call)
        yield* settle
        set(-maxSkew)
        const other = yield* processOn(fake, options)
        yield* other.chat(call)
        yield* TestClock.adjust("299999 millis")
        assert.strictEqual((yield* other.chat(call)).cached?.isStale, false)
        yield* TestClock.adjust("1 millis")
        assert.strictEqual((yield* other.chat(call)).cached?.isStale, true)
      })
    )
  )

  it.effect("does not serve an entry that has expired because the clock was set forward", () =>
    Effect.gen(function* () {
      assert.isUndefined((yield* statusAfter(hour)).cached)
    })
  )

  it.effect("stores the time of day at which an entry expires", () =>
    withWallClock((set) =>
      Effect.gen(function* () {
        const fake = fakeStore()
        const { chat } = yield* processOn(fake, options)
        set(hour)
        yield* chat(call)
        yield* settle
        const [entry] = fake.entries.values()
        assert.strictEqual(entry?.expiresAt, hour + 600_000)
      })
    )
  )

  it.effect("has the age of an entry that another process has written", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* statusAfter(120_000)).cached, { level: "store", age: 120_000, isStale: false })
    })
  )
})
