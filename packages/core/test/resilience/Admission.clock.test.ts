import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import { classes } from "../../src/errors/KimiError.ts"
import * as Admission from "../../src/resilience/Admission.ts"
import type { RateLimits } from "../../src/resilience/RateLimits.ts"
import { ask, refusal, start, stateOf } from "./support/admission.ts"

const start2026 = Date.UTC(2026, 10, 23, 12)

/** The limits, and half of their window in seconds. */
const windows: ReadonlyArray<readonly [name: string, limits: RateLimits, half: number]> = [
  ["requests per minute", { requestsPerMinute: 2 }, 30],
  ["tokens per minute", { tokensPerMinute: 20 }, 30],
  ["tokens per day", { tokensPerDay: 20 }, 43_200]
]

describe("Admission", () => {
  for (const [name, jump] of jumps) {
    for (const [limit, limits, half] of windows) {
      it.effect(`admits a call after the window of ${limit} when the clock is set ${name}`, () =>
        withWallClock((set) =>
          Effect.gen(function* () {
            const admission = yield* Admission.make({ limits, maxWait: Duration.days(2) })
            const send = Effect.timed(admission.guard(ask(10))(Effect.void))
            const waitsOf = Effect.fnUntraced(function* (jump: number) {
              yield* send
              yield* send
              const waiting = yield* start(send)
              yield* TestClock.adjust(Duration.seconds(half))
              set(jump)
              const later = yield* start(send)
              yield* TestClock.adjust("3 days")
              const fibers = [waiting, later]
              return yield* Effect.forEach(fibers, (fiber) => Effect.map(Fiber.join(fiber), ([wait]) => wait))
            })
            const [expected = Duration.zero, ...rest] = yield* waitsOf(0)
            assert.isAtLeast(Duration.toSeconds(expected), 2 * half)
            assert.deepStrictEqual(yield* waitsOf(jump), [expected, ...rest])
          })
        )
      )
    }

    it.effect(`ends a wait at its limit when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const admission = yield* Admission.make({ limits: { concurrency: 1 }, maxWait: "30 seconds" })
          yield* start(admission.guard(ask())(Effect.never))
          const waiting = yield* start(Effect.timed(refusal(admission)))
          set(jump)
          yield* TestClock.adjust("2 days")
          const [wait, error] = yield* Fiber.join(waiting)
          assert.deepStrictEqual([error._tag, Duration.toSeconds(wait)], ["AdmissionTimeoutError", 30])
        })
      )
    )

    it.effect(`keeps a pause that the host requested when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const admission = yield* Admission.make({ limits: {}, maxWait: "1 hour" })
          const paused = new classes.OverloadedError({ message: "busy", retryAfter: Duration.seconds(20) })
          // The account pauses after refusals in a row.
          for (let call = 0; call < 4; call++) yield* refusal(admission, 0, Effect.fail(paused))
          set(jump)
          const next = yield* start(admission.guard(ask())(Effect.void))
          yield* TestClock.adjust("19999 millis")
          assert.isUndefined(next.pollUnsafe())
          yield* TestClock.adjust("1 millis")
          assert.deepStrictEqual(next.pollUnsafe(), Exit.void)
        })
      )
    )
  }

  it.effect("shows the time of day until which the host requested a pause", () =>
    withWallClock((set) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(start2026)
        const admission = yield* Admission.make({ limits: {} })
        const paused = new classes.OverloadedError({ message: "busy", retryAfter: Duration.seconds(20) })
        set(5_000)
        // The account pauses after refusals in a row.
        for (let call = 0; call < 4; call++) yield* refusal(admission, 0, Effect.fail(paused))
        assert.strictEqual((yield* stateOf(admission)).pausedUntil, start2026 + 25_000)
      })
    )
  )
})
