import { assert, describe, it } from "@effect/vitest"
import { Data, type Duration, Effect, Exit, Fiber, Schedule } from "effect"
import { TestClock } from "effect/testing"
import type { ConfigurationError } from "../../src/errors/ConfigurationErrors.ts"
import { ServerError } from "../../src/errors/ProviderErrors.ts"
import { QuotaExceededError } from "../../src/errors/RateLimitErrors.ts"
import type { DeadlineExceededError, TotalTimeoutError } from "../../src/errors/TimeoutErrors.ts"
import * as Admission from "../../src/resilience/Admission.ts"
import * as CircuitBreaker from "../../src/resilience/CircuitBreaker.ts"
import * as Resilience from "../../src/resilience/Resilience.ts"
import * as RetryBudget from "../../src/resilience/RetryBudget.ts"

/** An error of another library. */
class HttpError extends Data.TaggedError("HttpError")<{ readonly status: number; readonly wait?: Duration.Input }> {}

const unavailable = new HttpError({ status: 503 })

/** An effect that fails with each error in turn and then succeeds, and when each run began. */
const script = <E>(...errors: ReadonlyArray<E>) => {
  const times: Array<number> = []
  const effect = Effect.gen(function* () {
    times.push(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
    const error = errors[times.length - 1]
    if (error !== undefined) return yield* Effect.fail(error)
    return "result"
  })
  return { effect, times }
}

const settled = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("1 day")
    return yield* Fiber.await(fiber)
  })

const failureOf = <A, E>(effect: Effect.Effect<A, E>) => Effect.flip(Effect.flatten(settled(effect)))

const issuesOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E | ConfigurationError>) =>
  Effect.map(Effect.flip(effect), (error) =>
    error instanceof Error && "issues" in error ? error.issues.map(({ name }) => name) : assert.fail(error._tag)
  )

describe("withRetry", () => {
  const plain = { jitter: "none", baseDelay: "1 second" } as const

  it.effect("retries errors of other libraries", () =>
    Effect.gen(function* () {
      const { effect, times } = script(unavailable, unavailable)
      assert.deepStrictEqual(yield* settled(Resilience.withRetry(plain)(effect)), Exit.succeed("result"))
      assert.deepStrictEqual(times, [0, 1_000, 3_000])
    })
  )

  it.effect("fails with the last error after as many attempts as are allowed", () =>
    Effect.gen(function* () {
      const last = new HttpError({ status: 500 })
      const { effect, times } = script(unavailable, last, unavailable)
      assert.strictEqual(yield* failureOf(Resilience.withRetry({ ...plain, maxAttempts: 2 })(effect)), last)
      assert.strictEqual(times.length, 2)
    })
  )

  it.effect("makes seven attempts by default", () =>
    Effect.gen(function* () {
      const { effect, times } = script(...Array.from({ length: 20 }, () => unavailable))
      yield* settled(Resilience.withRetry()(effect))
      assert.strictEqual(times.length, 7)
    })
  )

  it.effect("does not retry what a predicate excludes", () =>
    Effect.gen(function* () {
      const missing = new HttpError({ status: 404 })
      const { effect, times } = script(missing)
      const retry = Resilience.withRetry({ isRetryable: ({ status }: HttpError) => status >= 500 })
      assert.strictEqual(yield* failureOf(retry(effect)), missing)
      assert.strictEqual(times.length, 1)
    })
  )

  it.effect("never waits less than an error asks for", () =>
    Effect.gen(function* () {
      const { effect, times } = script(new HttpError({ status: 429, wait: "10 seconds" }))
      yield* settled(Resilience.withRetry({ ...plain, retryAfter: ({ wait }: HttpError) => wait })(effect))
      assert.deepStrictEqual(times, [0, 10_000])
    })
  )

  it.effect("repeats an ambiguous attempt once", () =>
    Effect.gen(function* () {
      const { effect, times } = script(unavailable, unavailable, unavailable)
      yield* settled(Resilience.withRetry({ isAmbiguous: () => true })(effect))
      assert.strictEqual(times.length, 2)
    })
  )

  it.effect("classifies errors of the library by their facts", () =>
    Effect.gen(function* () {
      const { effect, times } = script(new QuotaExceededError({ message: "empty" }))
      yield* settled(Resilience.withRetry()(effect))
      assert.strictEqual(times.length, 1)
    })
  )

  it.effect("adds the facts of every attempt to an error of the library", () =>
    Effect.gen(function* () {
      const { effect } = script<HttpError | ServerError>(unavailable, new ServerError({ message: "broken" }))
      const error = yield* failureOf(Resilience.withRetry({ ...plain, maxAttempts: 2 })(effect))
      assert.instanceOf(error, ServerError)
      assert.deepStrictEqual(
        error.attempts?.map(({ delay, tag }) => [tag, delay]),
        [
          ["HttpError", 1_000],
          ["ServerError", 0]
        ]
      )
    })
  )

  it.effect("ends when all attempts together take too long", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(
        Effect.flip(Resilience.withRetry({ maxElapsed: "5 seconds" })(Effect.never))
      )
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "DeadlineExceededError")
    })
  )

  it.effect("takes its retries from the budget of the context", () =>
    Effect.gen(function* () {
      const { effect, times } = script(unavailable, unavailable, unavailable)
      const budget = RetryBudget.layer({ capacity: 5 })
      yield* settled(Effect.provide(Resilience.withRetry()(effect), budget))
      assert.strictEqual(times.length, 2)
    })
  )

  it.effect("fails before it runs when options cannot be used", () =>
    Effect.gen(function* () {
      const { effect, times } = script<HttpError>()
      const retry = Resilience.withRetry({ maxAttempts: Number.NaN, baseDelay: -1, maxElapsed: 0 })
      assert.deepStrictEqual(yield* issuesOf(retry(effect)), [
        "withRetry maxAttempts",
        "withRetry baseDelay",
        "withRetry maxElapsed"
      ])
      assert.strictEqual(times.length, 0)
    })
  )
})

describe("withCircuitBreaker", () => {
  const make = CircuitBreaker.make({ consecutiveFailures: 2 })

  it.effect("rejects after failures of another library", () =>
    Effect.gen(function* () {
      const circuitBreaker = yield* make
      const guard = Resilience.withCircuitBreaker({ key: "forecast", circuitBreaker })
      yield* Effect.exit(guard(Effect.fail(unavailable)))
      yield* Effect.exit(guard(Effect.fail(unavailable)))
      const error = yield* Effect.flip(guard(Effect.sync(() => assert.fail("the effect ran"))))
      assert.deepStrictEqual([error._tag, error.key], ["CircuitOpenError", "forecast"])
    })
  )

  it.effect("does not count what a predicate excludes", () =>
    Effect.gen(function* () {
      const circuitBreaker = yield* make
      const guard = Resilience.withCircuitBreaker({
        key: "forecast",
        circuitBreaker,
        isFailure: ({ status }: HttpError) => status >= 500
      })
      const missing = guard(Effect.fail(new HttpError({ status: 404 })))
      yield* Effect.exit(missing)
      yield* Effect.exit(missing)
      assert.strictEqual(yield* guard(Effect.succeed("result")), "result")
    })
  )

  it.effect("stays open for as long as an error asks for", () =>
    Effect.gen(function* () {
      const circuitBreaker = yield* make
      const guard = Resilience.withCircuitBreaker({
        key: "forecast",
        circuitBreaker,
        retryAfter: ({ wait }: HttpError) => wait
      })
      const failing = guard(Effect.fail(new HttpError({ status: 503, wait: "4 minutes" })))
      yield* Effect.exit(failing)
      yield* Effect.exit(failing)
      yield* TestClock.adjust("239 seconds")
      assert.strictEqual((yield* Effect.flip(guard(Effect.void)))._tag, "CircuitOpenError")
      yield* TestClock.adjust("1 second")
      yield* guard(Effect.void)
    })
  )

  it.effect("uses the circuits of the context", () =>
    Effect.gen(function* () {
      const circuits = yield* CircuitBreaker.CircuitBreaker
      yield* Resilience.withCircuitBreaker({ key: "forecast" })(Effect.succeed("result"))
      assert.deepStrictEqual([...(yield* circuits.states).keys()], ["forecast"])
    }).pipe(Effect.provide(CircuitBreaker.layer()))
  )
})

describe("withRateLimit", () => {
  it.effect("lets effects wait for the limits of their key", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      const limit = Resilience.withRateLimit({ key: "forecast", admission })
      const other = Resilience.withRateLimit({ key: "other", admission })
      yield* Effect.forkChild(limit(Effect.sleep("10 seconds")), { startImmediately: true })
      const waiting = yield* Effect.forkChild(limit(Effect.succeed("result")), { startImmediately: true })
      assert.strictEqual(yield* other(Effect.succeed("at once")), "at once")
      yield* TestClock.adjust("9999 millis")
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(waiting), "result")
    })
  )

  it.effect("rejects what waits too long", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 }, maxWait: "1 second" })
      const limit = Resilience.withRateLimit({ key: "forecast", admission })
      yield* Effect.forkChild(limit(Effect.never), { startImmediately: true })
      assert.strictEqual((yield* failureOf(limit(Effect.void)))._tag, "AdmissionTimeoutError")
    })
  )

  it.effect("counts the tokens of an effect", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { tokensPerMinute: 10 } })
      const limit = Resilience.withRateLimit({ key: "forecast", admission, tokens: 11 })
      assert.strictEqual((yield* Effect.flip(limit(Effect.void)))._tag, "AdmissionLimitError")
    })
  )

  it.effect("pauses a key for as long as an error asks for", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make()
      const limit = Resilience.withRateLimit({
        key: "forecast",
        admission,
        retryAfter: ({ wait }: HttpError) => wait
      })
      yield* Effect.exit(limit(Effect.fail(new HttpError({ status: 429, wait: "30 seconds" }))))
      const waiting = yield* Effect.forkChild(limit(Effect.void))
      yield* TestClock.adjust("29999 millis")
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(waiting)
    })
  )

  it.effect("does not slow down for errors that are no rate limit", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make()
      const limit = Resilience.withRateLimit({
        key: "forecast",
        admission,
        isRateLimited: ({ status }: HttpError) => status === 429,
        retryAfter: ({ wait }: HttpError) => wait
      })
      yield* Effect.exit(limit(Effect.fail(new HttpError({ status: 503, wait: "30 seconds" }))))
      yield* limit(Effect.void)
    })
  )

  it.effect("uses the limits of the context", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.Admission
      yield* Resilience.withRateLimit({ key: "forecast" })(Effect.void)
      assert.deepStrictEqual([...(yield* admission.states).keys()], ["forecast"])
    }).pipe(Effect.provide(Admission.layer()))
  )

  it.effect("fails before it runs when its tokens are no number", () =>
    Effect.gen(function* () {
      const limit = Resilience.withRateLimit({ key: "a", admission: yield* Admission.make(), tokens: Number.NaN })
      assert.deepStrictEqual(yield* issuesOf(limit(Effect.void)), ["withRateLimit tokens"])
    })
  )
})

type Bound = (
  time: Duration.Input
) => <A, E>(
  effect: Effect.Effect<A, E>
) => Effect.Effect<A, E | ConfigurationError | DeadlineExceededError | TotalTimeoutError>

const bounds: ReadonlyArray<readonly [name: string, combinator: Bound, tag: string, option: string]> = [
  ["withTimeout", Resilience.withTimeout, "TotalTimeoutError", "timeout"],
  ["withDeadline", Resilience.withDeadline, "DeadlineExceededError", "deadline"]
]

describe.each(bounds)("%s", (name, combinator, tag, option) => {
  it.effect("interrupts an effect when its time is over", () =>
    Effect.gen(function* () {
      let isInterrupted = false
      const effect = Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (isInterrupted = true)))
      const fiber = yield* Effect.forkChild(Effect.flip(combinator("5 seconds")(effect)))
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, tag)
      assert.isTrue(isInterrupted)
    })
  )

  it.effect("gives the result of an effect that is in time", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* combinator("5 seconds")(Effect.succeed("result")), "result")
    })
  )

  it.effect("fails before it runs when the time is no positive duration", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* issuesOf(combinator(0)(Effect.void)), [`${name} ${option}`])
    })
  )
})

describe("resilient", () => {
  const services = Effect.all({
    circuitBreaker: CircuitBreaker.make({ consecutiveFailures: 3, openDuration: Schedule.spaced("1 minute") }),
    admission: Admission.make()
  })
  const plain = { retry: { jitter: "none", baseDelay: "1 second" } } as const

  it.effect("retries outside the circuit breaker, so that an open circuit ends the retries", () =>
    Effect.gen(function* () {
      const { effect, times } = script(...Array.from({ length: 9 }, () => unavailable))
      const error = yield* failureOf(Resilience.resilient({ key: "forecast", ...plain, ...(yield* services) })(effect))
      assert.strictEqual(error._tag, "CircuitOpenError")
      assert.strictEqual(times.length, 3)
    })
  )

  it.effect("takes a permit for every attempt", () =>
    Effect.gen(function* () {
      const { admission, circuitBreaker } = yield* services
      const { effect } = script(unavailable)
      const fiber = yield* Effect.forkChild(
        Resilience.resilient({ key: "forecast", ...plain, admission, circuitBreaker })(effect)
      )
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual((yield* admission.states).get("forecast")?.requestsInMinute, 2)
    })
  )

  it.effect("does not charge an attempt for its wait", () =>
    Effect.gen(function* () {
      const { circuitBreaker } = yield* services
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      const options = { key: "forecast", admission, circuitBreaker, timeout: "2 seconds" } as const
      const call = Resilience.resilient(options)(Effect.as(Effect.sleep("1500 millis"), "result"))
      yield* Effect.forkChild(call)
      assert.deepStrictEqual(yield* settled(call), Exit.succeed("result"))
    })
  )

  it.effect("bounds all attempts and waits by the deadline", () =>
    Effect.gen(function* () {
      const { effect } = script(...Array.from({ length: 9 }, () => unavailable))
      const options = { key: "forecast", ...plain, deadline: "2500 millis", ...(yield* services) } as const
      const fiber = yield* Effect.forkChild(Effect.flip(Resilience.resilient(options)(effect)))
      yield* TestClock.adjust("2499 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "DeadlineExceededError")
    })
  )

  it.effect("classifies its own rejections by their facts, whatever the predicates say", () =>
    Effect.gen(function* () {
      const { effect, times } = script(...Array.from({ length: 9 }, () => unavailable))
      const isRetryable = (_: HttpError) => true
      const options = { key: "forecast", ...plain, isRetryable, ...(yield* services) }
      assert.strictEqual((yield* failureOf(Resilience.resilient(options)(effect)))._tag, "CircuitOpenError")
      assert.strictEqual(times.length, 3)
    })
  )

  it.effect("repeats a timed-out attempt once", () =>
    Effect.gen(function* () {
      let runs = 0
      const effect = Effect.suspend(() => {
        runs += 1
        return Effect.never
      })
      const options = { key: "forecast", ...plain, timeout: "1 second", ...(yield* services) } as const
      assert.strictEqual((yield* failureOf(Resilience.resilient(options)(effect)))._tag, "TotalTimeoutError")
      assert.strictEqual(runs, 2)
    })
  )

  it.effect("uses the services of the context", () =>
    Effect.gen(function* () {
      yield* Resilience.resilient({ key: "forecast" })(Effect.void)
      const { states } = yield* CircuitBreaker.CircuitBreaker
      assert.deepStrictEqual([...(yield* states).keys()], ["forecast"])
    }).pipe(Effect.provide([CircuitBreaker.layer(), Admission.layer()]))
  )

  it.effect("fails with everything that is wrong with its options", () =>
    Effect.gen(function* () {
      const options = { key: "a", retry: { maxAttempts: 0 }, timeout: -1, tokens: -1, ...(yield* services) }
      assert.deepStrictEqual(yield* issuesOf(Resilience.resilient(options)(Effect.void)), [
        "resilient maxAttempts",
        "resilient tokens",
        "resilient timeout"
      ])
    })
  )
})
