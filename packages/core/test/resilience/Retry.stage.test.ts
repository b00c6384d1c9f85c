import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import { classes, type KimiError } from "../../src/errors/KimiError.ts"
import type { ChatError } from "../../src/errors/OperationErrors.ts"
import { defaults } from "../../src/KimiConfig.ts"
import type { ChatResponse } from "../../src/models/ChatResponse.ts"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import type { Call, CallLimits } from "../../src/pipeline/Call.ts"
import * as CallDeadline from "../../src/pipeline/internal/CallDeadline.ts"
import * as Retry from "../../src/resilience/Retry.ts"
import * as RetryBudget from "../../src/resilience/RetryBudget.ts"
import { call } from "./support/hedge.ts"

const overloaded = new classes.OverloadedError({ message: "overloaded" })

/** Without chance: 500, 1000, 2000, … milliseconds. */
const options: Retry.Options = { ...Retry.fromConfig(defaults), maxAttempts: 3, jitter: "none" }

const limitedBy = (limits: CallLimits): Call => ({ ...call, limits })

/** How a call ends whose attempts all fail, or hang from the given one on: its error, and when each began and it ended. */
const failing = Effect.fnUntraced(function* (
  form: "effect" | "stream",
  of: Call,
  hangsFrom = Number.POSITIVE_INFINITY
) {
  const stage = Retry.stage(options, RetryBudget.unlimited)
  const times: Array<number> = []
  const attempt = Effect.gen(function* () {
    times.push(yield* Clock.currentTimeMillis)
    return yield* times.length > hangsFrom ? Effect.never : Effect.fail(overloaded)
  })
  const whole: Effect.Effect<ChatResponse | void, ChatError> =
    form === "effect"
      ? stage.effect(() => attempt)(of)
      : (Stream.runDrain(
          stage.stream(() => Stream.fromEffect<StreamEvent, KimiError & ChatError, never>(attempt))(of)
        ) as Effect.Effect<void, ChatError>)
  const fiber = yield* Effect.forkChild(
    Effect.flatMap(Effect.flip(whole), (error) => Effect.map(Clock.currentTimeMillis, (end) => ({ end, error })))
  )
  yield* TestClock.adjust("1 day")
  return { ...(yield* Fiber.join(fiber)), times }
})

describe.each(["effect", "stream"] as const)("The stage of retries: %s", (form) => {
  it.effect("repeats an attempt as configured", () =>
    Effect.gen(function* () {
      const { error, times } = yield* failing(form, call)
      assert.strictEqual(error._tag, "OverloadedError")
      assert.deepStrictEqual(times, [0, 500, 1_500])
    })
  )

  it.effect("makes as many attempts as the call allows", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* failing(form, limitedBy({ maxAttempts: 1 }))).times.length, 1)
      assert.strictEqual((yield* failing(form, limitedBy({ maxAttempts: 4 }))).times.length, 4)
    })
  )

  it.effect("makes as many attempts as configured if the call only has a timeout", () =>
    Effect.gen(function* () {
      const { times } = yield* failing(form, limitedBy({ timeout: Duration.hours(2) }))
      assert.deepStrictEqual(times, [0, 500, 1_500])
    })
  )

  it.effect("ends a hanging retry after the configured time", () =>
    Effect.gen(function* () {
      const { end, error } = yield* failing(form, limitedBy({ maxAttempts: 3 }), 1)
      assert.strictEqual(error._tag, "DeadlineExceededError")
      assert.strictEqual(end, Duration.toMillis(Retry.fromConfig(defaults).maxElapsed))
    })
  )

  it.effect("gives all attempts the longer timeout of the call", () =>
    Effect.gen(function* () {
      const { end, error } = yield* failing(form, limitedBy({ timeout: Duration.hours(2) }), 0)
      assert.strictEqual(error._tag, "DeadlineExceededError")
      // A millisecond later, because the deadline of the call ends it first.
      assert.strictEqual(end, 2 * 3_600_000 + 1)
    })
  )
})

describe("The stage of retries", () => {
  it("describes its options", () => {
    const schedule = Schedule.spaced("1 second").pipe(Schedule.setInputType<KimiError>())
    const { name, options: described } = Retry.stage(
      { ...options, baseDelay: "1 second", maxDelay: "1 minute", maxElapsed: "2 minutes", ambiguous: 1 },
      RetryBudget.unlimited
    )
    assert.strictEqual(name, "retry")
    const expected = {
      attempts: "3",
      delays: "1s to 1m",
      jitter: "none",
      ambiguous: "1",
      elapsed: "2m",
      budget: "off"
    }
    assert.deepStrictEqual(described, expected)
    assert.strictEqual(Retry.stage({ ...options, schedule }, RetryBudget.unlimited).options["schedule"], "custom")
  })
})

describe("The time for all attempts", () => {
  /** What is left for each of three attempts, of which each takes a second. */
  const leftFor = Effect.fnUntraced(function* (bounds: Partial<Retry.Options>) {
    const left: Array<number> = []
    const attempt = Effect.gen(function* () {
      left.push(yield* CallDeadline.remainingMillis)
      yield* Effect.sleep("1 second")
      return yield* Effect.fail(overloaded)
    })
    const retry = Retry.withRetry({ ...options, maxElapsed: "1 minute", ...bounds }, RetryBudget.unlimited)
    yield* TestClock.adjust("1 hour")
    const fiber = yield* Effect.forkChild(Effect.flip(retry(attempt)))
    yield* TestClock.adjust("1 hour")
    yield* Fiber.join(fiber)
    return left
  })

  it.effect("is known to each attempt", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* leftFor({ attemptTimeout: undefined }), [60_000, 58_500, 56_500])
    })
  )

  it.effect("needs no timer for a first attempt that is bounded by less", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* leftFor({ attemptTimeout: "1 minute" }), [Number.POSITIVE_INFINITY, 58_500, 56_500])
    })
  )

  it.effect("ends a retry of bounded attempts", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 hour")
      let attempts = 0
      const attempt = Effect.suspend(() => (attempts++ === 0 ? Effect.fail(overloaded) : Effect.never))
      const bounds = { ...options, maxElapsed: "1 minute", attemptTimeout: "1 minute" } as const
      const fiber = yield* Effect.forkChild(Effect.flip(Retry.withRetry(bounds, RetryBudget.unlimited)(attempt)))
      yield* TestClock.adjust("59999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error.message, "All attempts together took longer than 1m")
      assert.deepStrictEqual(
        error.attempts?.map(({ tag }) => tag),
        ["OverloadedError"]
      )
    })
  )

  it.effect("ends a first attempt with an error that has no attempts", () =>
    Effect.gen(function* () {
      const bounds = { ...options, maxElapsed: "1 second", attemptTimeout: undefined } as const
      const fiber = yield* Effect.forkChild(Effect.flip(Retry.withRetry(bounds, RetryBudget.unlimited)(Effect.never)))
      yield* TestClock.adjust("1 second")
      const error: KimiError = yield* Fiber.join(fiber)
      assert.strictEqual(error._tag, "DeadlineExceededError")
      assert.isFalse(Object.hasOwn(error, "attempts"))
    })
  )
})
