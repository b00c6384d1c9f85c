import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { AccountLimits, toUnixTime } from "../../../../src/resilience/internal/admission/AccountLimits.ts"
import { daily, minute, refuse, refused, running, t0 } from "../../support/account.ts"

const second = 1_000

describe("AccountLimits.blockOf", () => {
  it("is nothing while there is capacity", () => {
    assert.isUndefined(running({ requestsPerMinute: 3, tokensPerMinute: 100 }, 2, t0, 10).blockOf(10, 0, t0))
  })

  it("is not a call that runs", () => {
    assert.isUndefined(running({ concurrency: 1 }, 1).blockOf(0, 0, t0))
  })

  it("is the rate with the longest wait", () => {
    const account = running({ requestsPerMinute: 2, tokensPerMinute: 20 }, 1, t0, 5)
    account.acquire(10, t0 + 10 * second)
    assert.deepStrictEqual(account.blockOf(6, 0, t0 + 20 * second), {
      waitMillis: 40 * second + 100,
      rate: "requestsPerMinute",
      limit: 2
    })
    assert.deepStrictEqual(account.blockOf(11, 0, t0 + 20 * second), {
      waitMillis: 50 * second + 100,
      rate: "tokensPerMinute",
      limit: 20
    })
  })

  it("is the refusal of a pause until exactly its end", () => {
    const account = running({}, 4)
    const error = refused("unknown", { retryAfter: Duration.seconds(5) })
    for (let call = 0; call < 4; call++) refuse(account, error, t0)
    assert.deepStrictEqual(account.blockOf(0, 0, t0 + 2 * second), { waitMillis: 3 * second, refusal: error })
    assert.isUndefined(account.blockOf(0, 0, t0 + 5 * second))
  })

  it("is not a learned limit whose time is over", () => {
    const account = running({}, 1)
    refuse(account, daily({ limit: 5 }), t0)
    account.acquire(100, t0)
    assert.isDefined(account.blockOf(1, 0, t0 + minute))
    assert.isUndefined(account.blockOf(1, 0, t0 + 10 * minute))
  })

  it("leaves the first free request to a call that is ahead", () => {
    const account = running({ requestsPerMinute: 3 }, 0)
    for (const at of [t0, t0 + 10 * second, t0 + 20 * second]) account.acquire(0, at)
    const now = t0 + 30 * second
    assert.strictEqual(account.blockOf(0, 0, now)?.waitMillis, 30 * second + 100)
    assert.strictEqual(account.blockOf(0, 1, now)?.waitMillis, 40 * second + 100)
  })

  it("leaves a whole minute to as many calls as the limit", () => {
    const account = running({ requestsPerMinute: 3 }, 3)
    assert.deepStrictEqual(account.blockOf(0, 3, t0), {
      waitMillis: 2 * minute + 100,
      rate: "requestsPerMinute",
      limit: 3
    })
    assert.strictEqual(account.blockOf(0, 6, t0)?.waitMillis, 3 * minute + 100)
  })

  it("leaves calls ahead no time under an estimate, which they may exceed", () => {
    const account = running({}, 4)
    refuse(account, refused("requests per minute", { limit: 5 }), t0)
    assert.isUndefined(account.blockOf(0, 5, t0))
  })

  it("needs a known limit to count calls ahead", () => {
    assert.isUndefined(running({ tokensPerMinute: 100 }, 3).blockOf(1, 9, t0))
  })
})

describe("AccountLimits.limitsFor", () => {
  it("is the configured limits of an account without refusals", () => {
    const limits = { concurrency: 4, requestsPerMinute: 10, tokensPerMinute: 1_000, tokensPerDay: 9_000 }
    assert.deepStrictEqual(running(limits, 1).limitsFor(10, t0), limits)
  })

  it("has an estimate until a call may exceed it", () => {
    const account = running({ concurrency: 10, requestsPerMinute: 100 }, 3)
    refuse(account, refused("concurrency", { limit: 2 }), t0)
    refuse(account, refused("requests per minute", { limit: 20 }), t0)
    account.waitMillis(0, t0)
    assert.deepInclude(account.limitsFor(0, t0 + 999), { concurrency: 2, requestsPerMinute: 20 })
    assert.deepInclude(account.limitsFor(0, t0 + second), { concurrency: 10, requestsPerMinute: 100 })
  })

  it("reduces the rates of a minute, but not the limit of a day", () => {
    const account = running({ requestsPerMinute: 100, tokensPerMinute: 1_000, tokensPerDay: 9_000 }, 1)
    refuse(account, refused("unknown"), t0)
    assert.deepStrictEqual(account.limitsFor(10, t0), {
      concurrency: undefined,
      requestsPerMinute: 90,
      tokensPerMinute: 900,
      tokensPerDay: 9_000
    })
  })
})

describe("AccountLimits.waitMillis", () => {
  it("does not reduce the limit of a day after a refusal", () => {
    const account = running({ requestsPerMinute: 100, tokensPerDay: 1_000 }, 1)
    refuse(account, refused("unknown"), t0)
    assert.strictEqual(account.waitMillis(1_000, t0), 0)
  })
})

describe("toUnixTime", () => {
  it("moves the end of a pause to the time outside of the process", () => {
    assert.strictEqual(toUnixTime(5, 1_000), 1_005)
  })

  it("leaves the end of no pause at zero", () => {
    assert.strictEqual(toUnixTime(new AccountLimits({}, 0).usage(t0).pausedUntil, 1_000), 0)
  })
})
