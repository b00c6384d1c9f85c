import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { classes, type KimiError } from "../../src/errors/KimiError.ts"
import { defaults } from "../../src/KimiConfig.ts"
import * as CallDeadline from "../../src/pipeline/internal/CallDeadline.ts"
import * as Admission from "../../src/resilience/Admission.ts"
import * as CircuitBreaker from "../../src/resilience/CircuitBreaker.ts"
import * as Fallback from "../../src/resilience/Fallback.ts"
import { withDeadline, withStreamDeadline } from "../../src/resilience/Deadline.ts"
import { guardStream } from "../../src/resilience/internal/admission/AdmissionGuard.ts"
import * as Retry from "../../src/resilience/Retry.ts"
import * as RetryBudget from "../../src/resilience/RetryBudget.ts"
import { account, ask, type Service, start, stateOf } from "./support/admission.ts"
import { answer, call, step } from "./support/fallback.ts"
import { makeFakeRedis, makeRedisAdmission } from "./support/admissionRedis.ts"

/** The error with which a call fails at once that has this much time. */
const refusedWithin = (admission: Service, deadline: Duration.Input, tokens = 0) =>
  Effect.gen(function* () {
    const call = withDeadline(Duration.fromInputUnsafe(deadline))(admission.guard(ask(tokens))(Effect.void))
    const fiber = yield* start(Effect.flip(call))
    return fiber.pollUnsafe() === undefined ? assert.fail("the call waits") : yield* Fiber.join(fiber)
  })

const use = (admission: Service, calls: number, tokens = 0) =>
  Effect.repeat(admission.guard(ask(tokens))(Effect.void), { times: calls - 1 })

const pause = (admission: Service, error: KimiError) => {
  const refused = Effect.exit(admission.guard(ask())(Effect.andThen(Effect.yieldNow, Effect.fail(error))))
  return Effect.all([refused, refused, refused, refused], { concurrency: "unbounded" })
}

const retryAfter = Duration.seconds(20)

describe("a call that cannot be admitted before its deadline", () => {
  it.effect("fails at once with the rate that is used up", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { requestsPerMinute: 3 } })
      yield* use(admission, 3)
      const error = yield* refusedWithin(admission, "5 seconds")
      assert.deepInclude(
        { ...error },
        { _tag: "RateLimitError", kind: "requests per minute", limit: 3, retryAfter: Duration.millis(61_100) }
      )
      assert.include(error.message, "3 requests per minute are used")
    })
  )

  it.effect("fails with the tokens that are used up", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { tokensPerMinute: 100 } })
      yield* use(admission, 1, 90)
      const error = yield* refusedWithin(admission, "5 seconds", 20)
      assert.deepInclude({ ...error }, { _tag: "RateLimitError", kind: "tokens per minute", limit: 100 })
    })
  )

  it.effect("fails with a daily limit that is used up", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { tokensPerDay: 100 } })
      yield* use(admission, 1, 90)
      assert.deepInclude(
        { ...(yield* refusedWithin(admission, "5 seconds", 20)) },
        { _tag: "DailyLimitError", limit: 100 }
      )
    })
  )

  it.effect("fails with the tag of the refusals that pause the account", () =>
    Effect.gen(function* () {
      for (const refusal of [
        new classes.OverloadedError({ message: "busy", retryAfter }),
        new classes.DailyLimitError({ message: "day", retryAfter }),
        new classes.RateLimitError({ message: "slow", kind: "unknown", retryAfter })
      ]) {
        const admission = yield* Admission.make()
        yield* pause(admission, refusal)
        const error = yield* refusedWithin(admission, "5 seconds")
        assert.deepStrictEqual([error._tag, error.retryAfter], [refusal._tag, retryAfter])
      }
    })
  )

  it.effect("does not count against the host", () =>
    Effect.gen(function* () {
      const breaker = yield* CircuitBreaker.make({ consecutiveFailures: 1 })
      const admission = yield* Admission.make()
      yield* pause(admission, new classes.OverloadedError({ message: "busy", retryAfter }))
      const guarded = breaker.guard("host")(admission.guard(ask())(Effect.void))
      const error = yield* Effect.flip(withDeadline(Duration.seconds(5))(guarded))
      assert.strictEqual(error._tag, "OverloadedError")
      assert.strictEqual((yield* breaker.states).get("host")?._tag, "Closed")
    })
  )

  it.effect("is not counted", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { requestsPerMinute: 3 } })
      yield* use(admission, 3)
      yield* refusedWithin(admission, "5 seconds")
      assert.deepInclude(yield* stateOf(admission), { requestsInMinute: 3, waiting: 0 })
    })
  )

  it.effect("fails at once behind calls that use the next minute", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { requestsPerMinute: 3 } })
      yield* use(admission, 3)
      for (let call = 0; call < 3; call++) yield* start(admission.guard(ask())(Effect.void))
      const error = yield* refusedWithin(admission, "70 seconds")
      assert.strictEqual(error._tag, "RateLimitError")
      assert.isAbove(Duration.toMillis(error.retryAfter ?? Duration.zero), 120_000)
    })
  )

  it.effect("fails when a pause begins while it waits", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { requestsPerMinute: 3 } })
      yield* use(admission, 2)
      const end = yield* Deferred.make<never, KimiError>()
      yield* start(Effect.exit(admission.guard(ask())(Deferred.await(end))))
      const call = withDeadline(Duration.seconds(62))(admission.guard(ask())(Effect.void))
      const fiber = yield* start(Effect.flip(call))
      assert.isUndefined(fiber.pollUnsafe())
      const wait = Duration.minutes(2)
      yield* Deferred.fail(
        end,
        new classes.RateLimitError({ message: "slow", kind: "requests per minute", limit: 3, retryAfter: wait })
      )
      const error = yield* Fiber.join(fiber)
      assert.deepStrictEqual([error._tag, error.retryAfter], ["RateLimitError", wait])
    })
  )

  it.effect("fails behind a call with more time", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1, requestsPerMinute: 10 } })
      const running = yield* start(admission.guard(ask())(Effect.sleep("1 second")))
      const patient = yield* start(admission.guard(ask())(Effect.void))
      const hasty = yield* start(Effect.flip(withDeadline(Duration.seconds(5))(admission.guard(ask())(Effect.void))))
      yield* admission.change({ limits: { concurrency: 1, requestsPerMinute: 1 } })
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(running)
      assert.strictEqual((yield* Fiber.join(hasty))._tag, "RateLimitError")
      assert.isUndefined(patient.pollUnsafe())
    })
  )

  it.effect("is a stream", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { requestsPerMinute: 3 } })
      yield* use(admission, 3)
      const events = withStreamDeadline(Duration.seconds(5))(guardStream(admission, ask())(Stream.never))
      const fiber = yield* start(Effect.flip(Stream.runDrain(events)))
      assert.strictEqual(
        fiber.pollUnsafe() === undefined ? undefined : (yield* Fiber.join(fiber))._tag,
        "RateLimitError"
      )
    })
  )

  it.effect("fails with the limit that other processes have used up", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      fakeRedis.delay = Duration.zero
      const one = yield* makeRedisAdmission(fakeRedis, { limits: { requestsPerMinute: 3 } })
      const two = yield* makeRedisAdmission(fakeRedis, { limits: { requestsPerMinute: 3 } })
      yield* use(one, 3)
      const error = yield* refusedWithin(two, "5 seconds")
      assert.deepInclude({ ...error }, { _tag: "RateLimitError", kind: "requests per minute" })
    })
  )
})

describe("a call that may be admitted before its deadline", () => {
  it.effect("waits for a rate", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { requestsPerMinute: 3 } })
      yield* use(admission, 3)
      const fiber = yield* start(withDeadline(Duration.seconds(62))(admission.guard(ask())(Effect.void)))
      yield* TestClock.adjust("62 seconds")
      yield* Fiber.join(fiber)
    })
  )

  it.effect("waits for a running call until its deadline", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      yield* start(admission.guard(ask())(Effect.never))
      const fiber = yield* start(Effect.flip(withDeadline(Duration.seconds(5))(admission.guard(ask())(Effect.void))))
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "DeadlineExceededError")
    })
  )

  it.effect("has the earliest of the deadlines around it", () =>
    Effect.gen(function* () {
      const remaining = (inner: Duration.Input, outer: Duration.Input) =>
        withDeadline(Duration.fromInputUnsafe(outer))(
          withDeadline(Duration.fromInputUnsafe(inner))(CallDeadline.remainingMillis)
        )
      assert.deepStrictEqual(
        [yield* remaining("5 seconds", "1 minute"), yield* remaining("1 minute", "5 seconds")],
        [5_000, 5_000]
      )
    })
  )
})

describe("a fallback plan inside a deadline", () => {
  it.effect("continues with its next step at once when the account of the call is used up", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { requestsPerMinute: 3 } })
      yield* use(admission, 3)
      const admitted = Admission.stage(admission).effect(() => Effect.succeed(answer))
      const run = Fallback.stage({ check: Effect.succeed, steps: [step("b")] }).effect(admitted)
      const fiber = yield* start(withDeadline(Duration.seconds(5))(run({ ...call, account })))
      assert.deepStrictEqual(fiber.pollUnsafe(), Exit.succeed(answer))
    })
  )
})

describe("a retry inside a deadline", () => {
  const retry = (options: Partial<Retry.Options> = {}) =>
    Effect.map(RetryBudget.make(), (budget) =>
      Retry.withRetry({ ...Retry.fromConfig(defaults), jitter: "none", ...options }, budget)
    )

  it.effect("fails at once if the host requests a longer wait, with the attempt", () =>
    Effect.gen(function* () {
      const withRetry = yield* retry()
      const refused = new classes.RateLimitError({ message: "slow", kind: "unknown", retryAfter })
      const fiber = yield* start(
        Effect.flip(withDeadline(Duration.seconds(5))(withRetry(Effect.fail<KimiError>(refused))))
      )
      const error = fiber.pollUnsafe() === undefined ? assert.fail("it waits") : yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        [error._tag, error.retryAfter, error.attempts?.map(({ tag }) => tag)],
        ["RateLimitError", retryAfter, ["RateLimitError"]]
      )
    })
  )

  it.effect("fails at once with the wait that its own delay would have needed", () =>
    Effect.gen(function* () {
      const withRetry = yield* retry({ baseDelay: Duration.seconds(8) })
      const broken = new classes.ServerError({ message: "500" })
      const fiber = yield* start(
        Effect.flip(withDeadline(Duration.seconds(5))(withRetry(Effect.fail<KimiError>(broken))))
      )
      const error = fiber.pollUnsafe() === undefined ? assert.fail("it waits") : yield* Fiber.join(fiber)
      assert.deepStrictEqual([error._tag, error.retryAfter], ["ServerError", Duration.seconds(8)])
    })
  )

  it.effect("fails with the rate that blocks the next attempt, with all attempts", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { requestsPerMinute: 3 } })
      yield* use(admission, 2)
      const withRetry = yield* retry()
      const attempt = admission.guard(ask())(Effect.fail(new classes.ServerError({ message: "500" })))
      const fiber = yield* start(Effect.flip(withDeadline(Duration.seconds(5))(withRetry(attempt))))
      yield* TestClock.adjust("500 millis")
      const error = fiber.pollUnsafe() === undefined ? assert.fail("it waits") : yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        [error._tag, error.attempts?.map(({ tag }) => tag)],
        ["RateLimitError", ["ServerError", "RateLimitError"]]
      )
    })
  )

  it.effect("bounds its attempts by its own time", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { requestsPerMinute: 1 } })
      yield* use(admission, 1)
      const withRetry = yield* retry({ maxElapsed: Duration.seconds(5), attemptTimeout: undefined })
      const fiber = yield* start(Effect.flip(withRetry(admission.guard(ask())(Effect.void))))
      const error = fiber.pollUnsafe() === undefined ? assert.fail("it waits") : yield* Fiber.join(fiber)
      assert.strictEqual(error._tag, "RateLimitError")
    })
  )
})
