import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import * as MonotonicClock from "../../src/internal/MonotonicClock.ts"

const hour = 3_600_000
const start = Date.UTC(2026, 10, 23, 12)

describe("millis", () => {
  for (const [name, jump] of jumps) {
    it.effect(`counts what has passed when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const before = yield* MonotonicClock.millis
          set(jump)
          yield* TestClock.adjust("1500 millis")
          assert.strictEqual((yield* MonotonicClock.millis) - before, 1_500)
        })
      )
    )
  }

  it.effect("is in whole milliseconds", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1999 micros")
      assert.strictEqual(yield* MonotonicClock.millis, 1)
    })
  )
})

describe("sleepUntil", () => {
  it.effect("is never early for a time within a millisecond", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(
        Effect.clockWith((clock) => Effect.andThen(MonotonicClock.sleepUntil(clock, 2.25), MonotonicClock.millis))
      )
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(fiber), 3)
    })
  )
})

describe("unixOffsetUnsafe", () => {
  it.effect("follows the clock when it is set", () =>
    withWallClock((set) =>
      Effect.gen(function* () {
        const clock = yield* Clock.Clock
        yield* TestClock.setTime(start)
        set(hour)
        const at = MonotonicClock.millisUnsafe(clock) + 500
        assert.strictEqual(at + MonotonicClock.unixOffsetUnsafe(clock), start + hour + 500)
      })
    )
  )
})

describe("makeLateUnix", () => {
  it.effect("does not advance when the clock is set forward", () =>
    withWallClock((set) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(start)
        const late = MonotonicClock.makeLateUnix(yield* Clock.Clock)
        set(hour)
        yield* TestClock.adjust("1 second")
        assert.strictEqual(late(), start + 1_000)
      })
    )
  )

  it.effect("goes back with the clock", () =>
    withWallClock((set) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(start)
        const late = MonotonicClock.makeLateUnix(yield* Clock.Clock)
        set(-hour)
        assert.strictEqual(late(), start - hour)
      })
    )
  )
})
