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
  it("tells the four meanings of a 429 apart by what to do next", () => {
    const retryAfter = Duration.seconds(1)
    const limited = new RateLimitError({ message, status: 429, kind: "requests per minute", limit: 3, retryAfter })
    assert.deepInclude(limited, { isRetryable: true, breaker: "ignored", severity: "info" })
    assert.deepStrictEqual(limited.recovery, { _tag: "RetryAfter", after: retryAfter })

    const spent = new DailyLimitError({ message, status: 429, limit: 1_500_000, current: 1_500_001 })
    assert.deepInclude(spent, { isRetryable: false, breaker: "ignored", limit: 1_500_000, current: 1_500_001 })
    assert.deepStrictEqual(spent.recovery, { _tag: "WaitForQuota" })

    const overloaded = new OverloadedError({ message, status: 429 })
    assert.deepInclude(overloaded, { isRetryable: true, breaker: "failure" })
    assert.deepStrictEqual(overloaded.recovery, { _tag: "RetryAfter" })

    const broke = new QuotaExceededError({ message, status: 429 })
    assert.deepInclude(broke, { isRetryable: false, breaker: "ignored", severity: "critical" })
    assert.deepStrictEqual(broke.recovery, { _tag: "TopUp" })
  })

  it("charges for none of them", () => {
    for (const Class of [DailyLimitError, OverloadedError, QuotaExceededError]) {
      assert.strictEqual(new Class({ message }).billing, "none")
    }
    assert.strictEqual(new RateLimitError({ message, kind: "unknown" }).billing, "none")
  })

  it("knows three limits, and the one that the host did not name", () => {
    const isKind = Schema.is(LimitKind)
    for (const kind of ["concurrency", "requests per minute", "tokens per minute", "unknown"]) {
      assert.isTrue(isKind(kind), kind)
    }
    assert.isFalse(isKind("tokens per day"))
  })
})
