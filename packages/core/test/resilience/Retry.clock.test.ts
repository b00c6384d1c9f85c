import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import { classes } from "../../src/errors/KimiError.ts"
import { defaults } from "../../src/KimiConfig.ts"
import * as Retry from "../../src/resilience/Retry.ts"
import * as RetryBudget from "../../src/resilience/RetryBudget.ts"

const overloaded = new classes.OverloadedError({ message: "overloaded" })
const start = Date.UTC(2026, 10, 23, 12)

const plain: Retry.Options = { ...Retry.fromConfig(defaults), jitter: "none", maxAttempts: 100 }

/** Retries an attempt that takes a second and fails, and sets the clock after 2.5 seconds. */
const failureAfter = (options: Partial<Retry.Options>, jump: number) =>
  withWallClock((set) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start)
      const attempt = Effect.andThen(Effect.sleep("1 second"), Effect.fail(overloaded))
      const call = Retry.withRetry({ ...plain, ...options }, RetryBudget.unlimited)(attempt)
      const fiber = yield* Effect.forkChild(Effect.timed(Effect.flip(call)))
      yield* TestClock.adjust("2500 millis")
      set(jump)
      yield* TestClock.adjust("2 days")
      return yield* Fiber.join(fiber)
    })
  )

describe("withRetry", () => {
  for (const [name, jump] of jumps) {
    it.effect(`retries for as long as allowed when the clock is set ${name}`, () =>
      Effect.gen(function* () {
        const [duration, error] = yield* failureAfter({ maxElapsed: Duration.seconds(30) }, jump)
        // Attempts begin after 0, 1.5, 3.5, 6.5, 11.5 and 20.5 seconds; the next would after 37.5.
        assert.deepStrictEqual([Duration.toMillis(duration), error.attempts?.length], [21_500, 6])
      })
    )

    it.effect(`follows a schedule with a duration when the clock is set ${name}`, () =>
      Effect.gen(function* () {
        const schedule = Schedule.spaced("1 second").pipe(Schedule.upTo({ duration: "10 seconds" }))
        const [duration] = yield* failureAfter({ schedule, maxElapsed: Duration.hours(3) }, jump)
        assert.strictEqual(Duration.toSeconds(duration), 13)
      })
    )

    it.effect(`records the duration of an attempt when the clock is set ${name}`, () =>
      Effect.gen(function* () {
        const [, error] = yield* failureAfter({ maxElapsed: Duration.seconds(30) }, jump)
        assert.deepStrictEqual(
          error.attempts?.map(({ duration }) => duration),
          [1_000, 1_000, 1_000, 1_000, 1_000, 1_000]
        )
      })
    )
  }

  it.effect("records the time of day at which attempts began", () =>
    Effect.gen(function* () {
      const [, error] = yield* failureAfter({ maxElapsed: Duration.seconds(5) }, 60_000)
      // The clock was set forward by a minute after the second attempt.
      assert.deepStrictEqual(
        error.attempts?.map(({ startedAt }) => startedAt - start),
        [0, 1_500, 63_500]
      )
    })
  )
})
