import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { RateLimitError } from "../../src/errors/RateLimitErrors.ts"
import { defaults } from "../../src/KimiConfig.ts"
import * as Retry from "../../src/resilience/Retry.ts"
import * as RetryBudget from "../../src/resilience/RetryBudget.ts"

/** The error of a call whose first attempt is refused for this limit, or when its second attempt begins. */
const after = Effect.fnUntraced(function* (
  refused: Omit<ConstructorParameters<typeof RateLimitError>[0], "message">,
  options: Partial<Retry.Options>
) {
  let attempts = 0
  const attempt = Effect.clockWith((clock) =>
    Effect.suspend(() =>
      attempts++ === 0 ? Effect.fail(new RateLimitError({ message: "refused", ...refused })) : clock.currentTimeMillis
    )
  )
  const plain = { ...Retry.fromConfig(defaults), jitter: "none" as const, ...options }
  const fiber = yield* Effect.forkChild(Effect.result(Retry.withRetry(plain, RetryBudget.unlimited)(attempt)))
  yield* TestClock.adjust("1 day")
  const result = yield* Fiber.join(fiber)
  return result._tag === "Success" ? result.success : result.failure
})

describe("A wait that would end after all attempts", () => {
  const inFive = { kind: "unknown", retryAfter: Duration.seconds(5) } as const

  it.effect("ends the call with its attempt although the schedule is done too", () =>
    Effect.gen(function* () {
      for (const maxElapsed of ["4 seconds", "5 seconds"] as const) {
        const error = yield* after(inFive, { schedule: Schedule.recurs(0), maxElapsed })
        const { attempts, retryAfter } = error instanceof RateLimitError ? error : assert.fail("another error")
        assert.deepStrictEqual([attempts?.length, retryAfter], [1, Duration.seconds(5)])
      }
    })
  )

  it.effect("is in the error as planned if the host requested none", () =>
    Effect.gen(function* () {
      for (const maxElapsed of ["7 seconds", "8 seconds"] as const) {
        const error = yield* after({ kind: "unknown" }, { baseDelay: "8 seconds", maxElapsed })
        assert.deepInclude(error, { retryAfter: Duration.seconds(8) })
      }
    })
  )

  it.effect("is in the error as the host requested it although a longer one was planned", () =>
    Effect.gen(function* () {
      const error = yield* after(inFive, { baseDelay: "8 seconds", maxElapsed: "7 seconds" })
      assert.deepInclude(error, { retryAfter: Duration.seconds(5) })
    })
  )

  it.effect("is made if it ends just before", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* after(inFive, { maxElapsed: "5001 millis" }), 5_000)
    })
  )

  it.effect("gives way to the planned one when the one that suits the limit ends just then", () =>
    Effect.gen(function* () {
      const refused = { kind: "tokens per minute" } as const
      assert.strictEqual(yield* after(refused, { maxElapsed: "20500 millis" }), 500)
    })
  )

  it.effect("is the one that suits the limit where that ends just before", () =>
    Effect.gen(function* () {
      const refused = { kind: "tokens per minute" } as const
      assert.strictEqual(yield* after(refused, { maxElapsed: "20501 millis" }), 20_500)
    })
  )
})

describe("A wait of a given schedule", () => {
  it.effect("is not limited by `maxDelay`", () =>
    Effect.gen(function* () {
      const options = { schedule: Schedule.spaced("1 minute"), maxDelay: Duration.seconds(30) }
      assert.strictEqual(yield* after({ kind: "unknown" }, options), 60_000)
    })
  )

  it.effect("gives way to an error when the host requests one longer than `maxDelay`", () =>
    Effect.gen(function* () {
      const inForty = { kind: "unknown", retryAfter: Duration.seconds(40) } as const
      const options = { schedule: Schedule.spaced("1 minute"), maxDelay: Duration.seconds(30) }
      const error = yield* after(inForty, options)
      assert.deepInclude(error, { retryAfter: Duration.seconds(40) })
    })
  )
})
