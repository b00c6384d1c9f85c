import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { classes } from "../../../src/errors/KimiError.ts"
import * as ErrorPredicates from "../../../src/resilience/internal/ErrorPredicates.ts"
import { HttpError, unavailable } from "../support/anyEffect.ts"

const { toClassifier, toRateLimitClassifier, withOwnErrors } = ErrorPredicates

const limited = new HttpError({ status: 429, wait: "30 seconds" })
const waitOf = ({ wait }: HttpError) => wait

describe("The classifier of predicates", () => {
  it("reads the wait of an error in any form", () => {
    const { retryAfter } = toClassifier({ retryAfter: waitOf })
    assert.deepStrictEqual(retryAfter(limited), Duration.seconds(30))
  })

  it("has no wait if the error requests none", () => {
    assert.isUndefined(toClassifier({ retryAfter: waitOf }).retryAfter(unavailable))
  })
})

describe("The rate limits of predicates", () => {
  it("are the errors of the library themselves by default", () => {
    const overloaded = new classes.OverloadedError({ message: "busy" })
    assert.strictEqual(toRateLimitClassifier({})(overloaded), overloaded)
  })

  it("are the errors with a wait by default", () => {
    const rateLimitOf = toRateLimitClassifier({ retryAfter: waitOf })
    const error = rateLimitOf(limited)
    assert.deepInclude(error, { _tag: "RateLimitError", kind: "unknown", retryAfter: Duration.seconds(30) })
    assert.strictEqual(error?.message, "The attempt met a rate limit")
    assert.isUndefined(rateLimitOf(unavailable))
  })

  it("are the errors that a predicate names, with or without a wait", () => {
    const rateLimitOf = toRateLimitClassifier({
      isRateLimited: ({ status }: HttpError) => status === 429,
      retryAfter: waitOf
    })
    assert.isUndefined(rateLimitOf(new HttpError({ status: 503, wait: "1 second" })))
    assert.deepStrictEqual(rateLimitOf(limited)?.retryAfter, Duration.seconds(30))
    const withoutWait = rateLimitOf(new HttpError({ status: 429 }))
    assert.strictEqual(withoutWait?._tag, "RateLimitError")
    assert.isUndefined(withoutWait?.retryAfter)
  })

  it("are not the errors of the library that a predicate excludes", () => {
    const overloaded = new classes.OverloadedError({ message: "busy" })
    assert.isUndefined(toRateLimitClassifier({ isRateLimited: () => false })(overloaded))
  })

  it("are the errors of the library that a predicate names", () => {
    const broken = new classes.ServerError({ message: "broken" })
    assert.strictEqual(toRateLimitClassifier({ isRateLimited: () => true })(broken)?._tag, "RateLimitError")
  })
})

describe("Predicates among errors of the combinators", () => {
  const always = () => true
  const own = [
    new classes.CircuitOpenError({ message: "open", key: "a", state: "open" }),
    new classes.AdmissionTimeoutError({ message: "late", account: "a", maxWait: Duration.seconds(1) }),
    new classes.AdmissionQueueFullError({ message: "full", account: "a", limit: 1 }),
    new classes.AdmissionLimitError({
      message: "large",
      account: "a",
      kind: "tokens per day",
      limit: 1,
      tokens: 2
    }),
    new classes.TotalTimeoutError({ message: "slow", timeout: Duration.seconds(1) })
  ] as const
  const make = () =>
    withOwnErrors<unknown>({
      isAmbiguous: always,
      isFailure: always,
      isRateLimited: always,
      isRetryable: always,
      retryAfter: () => "1 hour"
    })

  it("do not classify those errors", () => {
    const predicates = make()
    for (const error of own) {
      assert.strictEqual(predicates.isRetryable?.(error), error.isRetryable, error._tag)
      assert.strictEqual(predicates.isAmbiguous?.(error), error.billing === "possible", error._tag)
      assert.strictEqual(predicates.isFailure?.(error), error.breaker === "failure", error._tag)
      assert.strictEqual(predicates.retryAfter?.(error), error.retryAfter, error._tag)
      assert.isFalse(predicates.isRateLimited?.(error), error._tag)
    }
  })

  it("classify all other errors", () => {
    const predicates = make()
    assert.isTrue(predicates.isRetryable?.(unavailable))
    assert.isTrue(predicates.isAmbiguous?.(unavailable))
    assert.isTrue(predicates.isFailure?.(unavailable))
    assert.isTrue(predicates.isRateLimited?.(unavailable))
    assert.strictEqual(predicates.retryAfter?.(unavailable), "1 hour")
  })

  it("stay the defaults where none is given", () => {
    assert.deepStrictEqual(withOwnErrors({}), {
      isAmbiguous: undefined,
      isFailure: undefined,
      isRateLimited: undefined,
      isRetryable: undefined,
      retryAfter: undefined
    })
  })
})
