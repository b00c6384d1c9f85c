import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { RateLimitError } from "../../src/errors/RateLimitErrors.ts"
import { defaults } from "../../src/KimiConfig.ts"
import * as Retry from "../../src/resilience/Retry.ts"
import * as RetryBudget from "../../src/resilience/RetryBudget.ts"

/** When the attempts of a call begin whose first one is refused for this limit, without a wait. */
const attemptsAfter = (kind: RateLimitError["kind"], options: Partial<Retry.Options> = {}) =>
  Effect.gen(function* () {
    const times: Array<number> = []
    const attempt = Effect.gen(function* () {
      times.push(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
      if (times.length === 1) return yield* Effect.fail(new RateLimitError({ message: "refused", kind }))
      return "answer"
    })
    const plain = { ...Retry.fromConfig(defaults), jitter: "none" as const, ...options }
    const budget = yield* RetryBudget.make()
    const fiber = yield* Effect.forkChild(Effect.exit(Retry.withRetry(plain, budget)(attempt)))
    yield* TestClock.adjust("1 day")
    yield* Fiber.join(fiber)
    return times.map((time) => time - (times[0] ?? 0))
  })

describe("a refusal without a wait", () => {
  it.effect("is retried after a delay that suits its limit", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* attemptsAfter("tokens per minute"), [0, 20_500])
      assert.deepStrictEqual(yield* attemptsAfter("requests per minute"), [0, 5_500])
      assert.deepStrictEqual(yield* attemptsAfter("concurrency"), [0, 1_500])
      assert.deepStrictEqual(yield* attemptsAfter("unknown"), [0, 500])
    })
  )

  it.effect("never waits longer than the longest delay", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* attemptsAfter("tokens per minute", { maxDelay: Duration.seconds(3) }), [0, 3_000])
    })
  )

  it.effect("is retried at the planned time where the other is after the end of all attempts", () =>
    Effect.gen(function* () {
      const options = { maxElapsed: Duration.seconds(10) }
      assert.deepStrictEqual(yield* attemptsAfter("tokens per minute", options), [0, 500])
    })
  )

  it.effect("is left to a schedule of the caller", () =>
    Effect.gen(function* () {
      const options = { schedule: Schedule.spaced("100 millis") }
      assert.deepStrictEqual(yield* attemptsAfter("tokens per minute", options), [0, 100])
    })
  )
})
