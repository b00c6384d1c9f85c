import { assert, describe, it } from "@effect/vitest"
import { AccountLimits } from "../../../../src/resilience/internal/admission/AccountLimits.ts"
import { day, forever, minute, running, t0 } from "../../support/account.ts"

describe("AccountLimits", () => {
  it("admits every call without counting tokens if no limit is known", () => {
    const account = running({}, 10_000)
    assert.strictEqual(account.waitMillis(1e12, t0), 0)
    assert.isFalse(account.countsTokens)
    assert.isUndefined(account.exceededLimit(1e12))
    assert.strictEqual(account.usage(t0).concurrency, forever)
  })

  it("waits for a call to end if all permits are taken", () => {
    const account = running({ concurrency: 3 }, 2)
    assert.strictEqual(account.waitMillis(0, t0), 0)
    account.acquire(0, t0)
    assert.strictEqual(account.waitMillis(0, t0), forever)
    account.release()
    assert.strictEqual(account.waitMillis(0, t0), 0)
  })

  it("waits for the last of all windows, with the margin", () => {
    const account = new AccountLimits({ requestsPerMinute: 2, tokensPerMinute: 100, tokensPerDay: 150 }, 1_000)
    assert.isTrue(account.countsTokens)
    account.acquire(60, t0)
    assert.strictEqual(account.waitMillis(40, t0), 0)
    assert.strictEqual(account.waitMillis(41, t0), 61_100)
    account.acquire(30, t0 + 5_000)
    assert.strictEqual(account.waitMillis(0, t0 + 5_000), 56_100)
    assert.strictEqual(account.waitMillis(61, t0 + 5_000), day + 2 * minute - 5_000 - (t0 % minute))
    assert.deepInclude(account.usage(t0 + 5_000), {
      inFlight: 2,
      requestsInMinute: 2,
      tokensInMinute: 90,
      tokensInDay: 90
    })
    assert.deepInclude(account.usage(t0 + 66_100), { requestsInMinute: 0, tokensInMinute: 0, tokensInDay: 90 })
  })

  it("names the limit that a call exceeds on its own", () => {
    const account = new AccountLimits({ tokensPerMinute: 100, tokensPerDay: 50 }, 0)
    assert.isUndefined(account.exceededLimit(50))
    assert.deepStrictEqual(account.exceededLimit(51), { kind: "tokens per day", limit: 50 })
    assert.deepStrictEqual(account.exceededLimit(101), { kind: "tokens per minute", limit: 100 })
    assert.isTrue(new AccountLimits({ tokensPerDay: 1 }, 0).countsTokens)
  })

  it("undoes exactly what was never sent", () => {
    const account = running({ requestsPerMinute: 10, tokensPerMinute: 100, tokensPerDay: 1_000 }, 2, t0, 30)
    account.cancel(30, t0, t0 + 10)
    assert.deepInclude(account.usage(t0 + 10), {
      inFlight: 1,
      requestsInMinute: 1,
      tokensInMinute: 30,
      tokensInDay: 30
    })
    account.release()
    assert.deepInclude(account.usage(t0 + 10), { inFlight: 0, requestsInMinute: 1, tokensInMinute: 30 })
  })

  it("applies the request limit of the rate status if it has none", () => {
    const account = running({}, 1)
    account.recordRateStatus({ limit: 10, remaining: 4, reset: 30_000 }, t0)
    assert.strictEqual(account.limits.requestsPerMinute, 10)
    assert.deepInclude(account.usage(t0), { requestsInMinute: 6, pausedUntil: 0, pace: 1 })
    account.recordRateStatus({ limit: 20, remaining: 9 }, t0)
    assert.strictEqual(account.limits.requestsPerMinute, 10)
    assert.strictEqual(account.usage(t0).requestsInMinute, 11)
  })

  it("applies the usage of others in the rate status", () => {
    const other = running({ requestsPerMinute: 10 }, 1)
    for (const status of [{}, { limit: 0 }, { remaining: 50 }, { reset: 9 }, { remaining: 9, reset: 9 }]) {
      other.recordRateStatus(status, t0)
      assert.deepInclude(other.usage(t0), { requestsInMinute: 1, pausedUntil: 0 })
    }
    other.recordRateStatus({ remaining: 0, reset: 30_000 }, t0)
    assert.deepInclude(other.usage(t0), { requestsInMinute: 10, pausedUntil: t0 + 30_000 })
  })

  it("ignores a rate status without a request limit if none is known", () => {
    const unknown = running({}, 1)
    unknown.recordRateStatus({ remaining: 3 }, t0)
    assert.strictEqual(unknown.usage(t0).requestsInMinute, 1)
  })

  it("does not take a limit of another window for one per minute", () => {
    for (const status of [
      { limit: 50, remaining: 20, reset: 3_600_000 },
      { limit: 50, remaining: 20, reset: 30_000, window: 86_400_000 },
      { limit: 5, remaining: 4, reset: 1_000, window: 1_000 },
      { limit: 50, remaining: 20, window: 3_600_000 }
    ]) {
      const account = running({ requestsPerMinute: 100 }, 1)
      account.recordRateStatus(status, t0)
      assert.strictEqual(account.limits.requestsPerMinute, 100)
      assert.deepInclude(account.usage(t0), { requestsInMinute: 1, pausedUntil: 0 })
    }
    const minute = running({ requestsPerMinute: 100 }, 1)
    minute.recordRateStatus({ limit: 50, remaining: 20, window: 60_000 }, t0)
    assert.strictEqual(minute.limits.requestsPerMinute, 50)
    assert.deepInclude(minute.usage(t0), { requestsInMinute: 30 })
  })

  it("pauses until the reset of any window that is used up", () => {
    const account = running({}, 1)
    account.recordRateStatus({ limit: 50, remaining: 0, reset: 3_600_000, window: 86_400_000 }, t0)
    assert.deepInclude(account.usage(t0), { requestsInMinute: 1, pausedUntil: t0 + 3_600_000 })
  })
})
