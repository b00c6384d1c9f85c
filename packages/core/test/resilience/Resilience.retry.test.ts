import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { ServerError } from "../../src/errors/ProviderErrors.ts"
import { QuotaExceededError } from "../../src/errors/RateLimitErrors.ts"
import * as Resilience from "../../src/resilience/Resilience.ts"
import * as RetryBudget from "../../src/resilience/RetryBudget.ts"
import { failureOf, HttpError, issuesOf, script, settled, unavailable } from "./support/anyEffect.ts"

describe("withRetry", () => {
  const plain = { jitter: "none", baseDelay: "1 second" } as const

  it.effect("retries errors of other libraries", () =>
    Effect.gen(function* () {
      const { effect, times } = script(unavailable, unavailable)
      assert.deepStrictEqual(yield* settled(Resilience.withRetry(plain)(effect)), Exit.succeed("result"))
      assert.deepStrictEqual(times, [0, 1_000, 3_000])
    })
  )

  it.effect("fails with the last error after the maximum number of attempts", () =>
    Effect.gen(function* () {
      const last = new HttpError({ status: 500 })
      const { effect, times } = script(unavailable, last, unavailable)
      assert.strictEqual(yield* failureOf(Resilience.withRetry({ ...plain, maxAttempts: 2 })(effect)), last)
      assert.strictEqual(times.length, 2)
    })
  )

  it.effect("makes ten attempts by default", () =>
    Effect.gen(function* () {
      const { effect, times } = script(...Array.from({ length: 20 }, () => unavailable))
      yield* settled(Resilience.withRetry()(effect))
      assert.strictEqual(times.length, 10)
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

  it.effect("waits at least as long as an error requests", () =>
    Effect.gen(function* () {
      const { effect, times } = script(new HttpError({ status: 429, wait: "10 seconds" }))
      yield* settled(Resilience.withRetry({ ...plain, retryAfter: ({ wait }: HttpError) => wait })(effect))
      assert.deepStrictEqual(times, [0, 10_000])
    })
  )

  it.effect("repeats ambiguous attempts twice by default", () =>
    Effect.gen(function* () {
      const { effect, times } = script(unavailable, unavailable, unavailable, unavailable)
      yield* settled(Resilience.withRetry({ isAmbiguous: () => true })(effect))
      assert.strictEqual(times.length, 3)
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

  it.effect("fails before it runs if options are invalid", () =>
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

describe("the attempts of errors of other libraries", () => {
  /** The tags of the attempts before one that fails with an error of the library. */
  const tagsOf = Effect.fnUntraced(function* (...errors: ReadonlyArray<unknown>) {
    const final = new QuotaExceededError({ message: "empty" })
    const { effect } = script<unknown>(...errors, final)
    const error = yield* failureOf(Resilience.withRetry({ jitter: "none" })(effect))
    return error instanceof QuotaExceededError ? error.attempts?.map(({ tag }) => tag) : assert.fail("another error")
  })

  it.effect("have the tags of tagged errors", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* tagsOf(unavailable, { _tag: "Missing" }), [
        "HttpError",
        "Missing",
        "QuotaExceededError"
      ])
    })
  )

  it.effect("have the names of other errors", () =>
    Effect.gen(function* () {
      const numbered = Object.assign(new TypeError("no"), { _tag: 5 })
      assert.deepStrictEqual(yield* tagsOf(new RangeError("no"), numbered), [
        "RangeError",
        "TypeError",
        "QuotaExceededError"
      ])
    })
  )

  it.effect("are named Error for values that are no errors", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* tagsOf("text", null, {}), ["Error", "Error", "Error", "QuotaExceededError"])
    })
  )
})

describe("the options of withRetry", () => {
  it.effect("are refused by name", () =>
    Effect.gen(function* () {
      const options = {
        maxAttempts: 0,
        baseDelay: Number.POSITIVE_INFINITY,
        maxDelay: Number.POSITIVE_INFINITY,
        maxElapsed: 0,
        jitter: "some" as "none",
        ambiguous: -1
      }
      const issues = yield* issuesOf(Resilience.withRetry(options)(Effect.void))
      assert.deepStrictEqual(
        issues,
        ["maxAttempts", "baseDelay", "maxDelay", "maxElapsed", "jitter", "ambiguous"].map((name) => `withRetry ${name}`)
      )
    })
  )

  it.effect("allow every jitter", () =>
    Effect.gen(function* () {
      for (const jitter of ["full", "equal", "decorrelated", "none"] as const) {
        assert.strictEqual(yield* Resilience.withRetry({ jitter })(Effect.succeed("result")), "result")
      }
    })
  )

  it.effect("take the given budget in place of that of the context", () =>
    Effect.gen(function* () {
      const { effect, times } = script(unavailable)
      const budget = yield* RetryBudget.make({ capacity: 0 })
      assert.strictEqual(yield* failureOf(Resilience.withRetry({ budget })(effect)), unavailable)
      assert.strictEqual(times.length, 1)
    })
  )
})
