import { assert, describe, it } from "@effect/vitest"
import { Duration, Schema } from "effect"
import {
  DailyLimitError,
  LimitKind,
  OverloadedError,
  QuotaExceededError,
  RateLimitError
} from "../../src/errors/RateLimitErrors.ts"

const message = "too much"

describe("RateLimitErrors", () => {
  it("recover from a rate limit after the wait of the host", () => {
    const retryAfter = Duration.seconds(1)
    const limited = new RateLimitError({ message, status: 429, kind: "requests per minute", limit: 3, retryAfter })
    assert.deepInclude(limited, { isRetryable: true, breaker: "ignored", severity: "info" })
    assert.deepStrictEqual(limited.recovery, { _tag: "RetryAfter", after: retryAfter })
  })

  it("recover from the daily limit when the quota resets", () => {
    const spent = new DailyLimitError({ message, status: 429, limit: 1_500_000, current: 1_500_001 })
    assert.deepInclude(spent, { isRetryable: false, breaker: "ignored", limit: 1_500_000, current: 1_500_001 })
    assert.deepStrictEqual(spent.recovery, { _tag: "WaitForQuota" })
  })

  it("count an overloaded host as a failure of the host", () => {
    const overloaded = new OverloadedError({ message, status: 429 })
    assert.deepInclude(overloaded, { isRetryable: true, breaker: "failure" })
    assert.deepStrictEqual(overloaded.recovery, { _tag: "RetryAfter" })
  })

  it("recover from an exhausted account by a top-up", () => {
    const broke = new QuotaExceededError({ message, status: 429 })
    assert.deepInclude(broke, { isRetryable: false, breaker: "ignored", severity: "critical" })
    assert.deepStrictEqual(broke.recovery, { _tag: "TopUp" })
  })

  it("are never billed", () => {
    for (const Class of [DailyLimitError, OverloadedError, QuotaExceededError]) {
      assert.strictEqual(new Class({ message }).billing, "none")
    }
    assert.strictEqual(new RateLimitError({ message, kind: "unknown" }).billing, "none")
  })

  it("accept three kinds of limits in addition to an unknown one", () => {
    const isKind = Schema.is(LimitKind)
    for (const kind of ["concurrency", "requests per minute", "tokens per minute", "unknown"]) {
      assert.isTrue(isKind(kind), kind)
    }
    assert.isFalse(isKind("tokens per day"))
  })
})
