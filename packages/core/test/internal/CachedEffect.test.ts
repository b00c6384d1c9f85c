import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import * as CachedEffect from "../../src/internal/CachedEffect.ts"

/** Each run takes a second and returns its number. */
const counting = () => {
  const seen = { looks: 0 }
  const look = Effect.delay(
    Effect.sync(() => (seen.looks += 1)),
    "1 second"
  )
  return { look, seen }
}

describe("CachedEffect", () => {
  it.effect("caches a result until it expires, counted from when it was found", () =>
    Effect.gen(function* () {
      const { look } = counting()
      const held = yield* CachedEffect.make(look, Duration.seconds(10))
      const first = yield* Effect.forkChild(held)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(first), 1)
      yield* TestClock.adjust("9999 millis")
      assert.strictEqual(yield* held, 1)
      yield* TestClock.adjust("1 millis")
      const second = yield* Effect.forkChild(held)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(second), 2)
    })
  )

  for (const [name, jump] of jumps) {
    it.effect(`caches a result for its time when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          let looks = 0
          const held = yield* CachedEffect.make(
            Effect.sync(() => (looks += 1)),
            Duration.seconds(10)
          )
          yield* held
          set(jump)
          yield* TestClock.adjust("9999 millis")
          assert.strictEqual(yield* held, 1)
          yield* TestClock.adjust("1 millis")
          assert.strictEqual(yield* held, 2)
        })
      )
    )
  }

  it.effect("runs once for concurrent callers", () =>
    Effect.gen(function* () {
      const { look, seen } = counting()
      const held = yield* CachedEffect.make(look, Duration.seconds(10))
      const all = yield* Effect.forkChild(Effect.all([held, held, held], { concurrency: "unbounded" }))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(all), [1, 1, 1])
      assert.strictEqual(seen.looks, 1)
    })
  )

  it.effect("caches nothing with a time to live of zero", () =>
    Effect.gen(function* () {
      let looks = 0
      const held = yield* CachedEffect.make(
        Effect.sync(() => (looks += 1)),
        Duration.zero
      )
      assert.deepStrictEqual([yield* held, yield* held], [1, 2])
    })
  )
})
