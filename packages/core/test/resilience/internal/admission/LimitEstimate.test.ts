import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { LimitEstimate } from "../../../../src/resilience/internal/admission/LimitEstimate.ts"
import type { AccountLimits } from "../../../../src/resilience/internal/admission/AccountLimits.ts"
import { answer, forever, minute, refuse, refused, running, t0 } from "../../support/account.ts"

const second = 1_000

const named = (limit: number, retryAfter?: number) =>
  refused("requests per minute", {
    limit,
    ...(retryAfter === undefined ? {} : { retryAfter: Duration.millis(retryAfter) })
  })

/** An account that has used all of a limit which its host has named once. */
const learned = (limit: number, limits = {}) => {
  const account = running(limits, limit + 1)
  for (let call = 0; call < limit; call++) answer(account, t0)
  refuse(account, named(limit), t0)
  return account
}

/** Refuses a call that starts at a time. */
const refuseAt = (account: AccountLimits, limit: number, at: number) => {
  account.acquire(0, at)
  refuse(account, named(limit), at)
}

describe("LimitEstimate", () => {
  it("is dropped when successes have raised it to twice what was named", () => {
    const estimate = new LimitEstimate(1_000, t0, 0, false)
    for (let at = t0 + 1; estimate.isActive(at) && at < t0 + 100; at++)
      estimate.succeed(estimate.allowed + 1, 0, at, at)
    assert.isTrue(estimate.isRefuted(t0 + 100))
    assert.isAtMost(estimate.allowed, 2_300)
  })

  it("admits one call above it a second after the refusal", () => {
    const account = learned(10)
    assert.strictEqual(account.waitMillis(0, t0), second)
    assert.strictEqual(account.waitMillis(0, t0 + second), 0)
  })

  it("admits no call above it before the wait that the host requested", () => {
    const account = running({}, 11)
    refuse(account, named(10, 20 * second), t0)
    assert.strictEqual(account.waitMillis(0, t0 + second), 19 * second)
  })

  it("admits no second call above it while the first runs", () => {
    const account = learned(10)
    account.acquire(0, t0 + second)
    assert.strictEqual(account.waitMillis(0, t0 + second), second)
  })

  it("rises with a call that succeeds above it", () => {
    const account = learned(10)
    account.acquire(0, t0 + second)
    answer(account, t0 + second)
    account.waitMillis(0, t0 + second)
    assert.strictEqual(account.limits.requestsPerMinute, 14)
  })

  it("does not rise with a call that began before the refusal", () => {
    const account = running({}, 12)
    refuse(account, named(10), t0 + second)
    account.release()
    account.recordSuccess(t0 + 2 * second, t0)
    account.waitMillis(0, t0 + 2 * second)
    assert.strictEqual(account.limits.requestsPerMinute, 10)
  })

  it("is dropped when twice as much was answered", () => {
    const account = running({}, 30)
    for (let call = 0; call < 19; call++) answer(account, t0)
    refuse(account, named(10), t0)
    answer(account, t0)
    assert.isAbove(account.waitMillis(0, t0), 0)
    answer(account, t0)
    assert.strictEqual(account.waitMillis(0, t0), 0)
    assert.isUndefined(account.limits.requestsPerMinute)
  })

  it("does not return with the same text within ten minutes after it was dropped", () => {
    const account = running({}, 30)
    refuse(account, named(5), t0)
    for (let call = 0; call < 20; call++) answer(account, t0)
    refuse(account, named(5), t0 + 5 * minute)
    account.waitMillis(0, t0 + 5 * minute)
    assert.isUndefined(account.limits.requestsPerMinute)
  })

  it("is confirmed by two refused calls above it", () => {
    const account = learned(10)
    refuseAt(account, 10, t0 + second)
    assert.strictEqual(account.waitMillis(0, t0 + second), 2 * second)
    refuseAt(account, 10, t0 + 3 * second)
    assert.isAbove(account.waitMillis(0, t0 + 3 * second), 50 * second)
  })

  it("is not confirmed by calls that were refused together", () => {
    const account = running({}, 40)
    for (let call = 0; call < 30; call++) {
      account.release()
      account.recordFailure(named(10), t0 + call, t0)
    }
    assert.strictEqual(account.waitMillis(0, t0 + 2 * second), 0)
  })

  it("stays confirmed when it is named again after its time", () => {
    const account = learned(10)
    refuseAt(account, 10, t0 + second)
    refuseAt(account, 10, t0 + 3 * second)
    const later = t0 + 20 * minute
    for (let call = 0; call < 10; call++) account.acquire(0, later)
    assert.strictEqual(account.waitMillis(0, later), 0)
    refuseAt(account, 10, later)
    assert.isAbove(account.waitMillis(0, later + 10 * second), 40 * second)
  })

  it("never exceeds the configured limit", () => {
    const account = learned(10, { requestsPerMinute: 11 })
    assert.isAbove(account.waitMillis(0, t0 + second), 50 * second)
  })

  it("is confirmed at once when the host states it with its responses", () => {
    const account = running({}, 10)
    account.recordRateStatus({ limit: 10 }, t0)
    assert.isAbove(account.waitMillis(0, t0 + 5 * second), 50 * second)
  })

  it("of concurrency admits one more call after a second", () => {
    const account = running({}, 5)
    refuse(account, refused("concurrency", { limit: 4 }), t0)
    assert.strictEqual(account.waitMillis(0, t0), second)
    assert.strictEqual(account.waitMillis(0, t0 + second), 0)
    account.acquire(0, t0 + second)
    assert.isAbove(account.waitMillis(0, t0 + second), 0)
  })

  it("of concurrency never exceeds the configured limit", () => {
    const account = running({ concurrency: 5 }, 6)
    refuse(account, refused("concurrency", { limit: 4 }), t0)
    assert.strictEqual(account.waitMillis(0, t0 + second), forever)
  })

  it("of tokens does not reject a larger call", () => {
    const account = running({}, 1)
    refuse(account, refused("tokens per minute", { limit: 100 }), t0)
    assert.isUndefined(account.exceededLimit(500))
    assert.strictEqual(account.waitMillis(500, t0), second)
  })

  it("of tokens rejects a larger call once it is confirmed", () => {
    const account = running({}, 1)
    refuse(account, refused("tokens per minute", { limit: 100 }), t0)
    for (const at of [t0 + second, t0 + 3 * second]) {
      account.acquire(500, at)
      refuse(account, refused("tokens per minute", { limit: 100 }), at)
    }
    assert.deepStrictEqual(account.exceededLimit(500), { kind: "tokens per minute", limit: 100 })
  })

  it("is first exceeded by the call that uses more than it", () => {
    const account = running({}, 4)
    refuse(account, named(10), t0)
    const at = t0 + 5 * second
    for (let call = 0; call < 6; call++) account.acquire(0, at)
    assert.strictEqual(account.waitMillis(0, at), 0)
    account.acquire(0, at)
    assert.strictEqual(account.waitMillis(0, at), second)
  })

  it("of tokens admits one larger call at a time", () => {
    const account = running({}, 1)
    refuse(account, refused("tokens per minute", { limit: 100 }), t0)
    account.acquire(500, t0 + second)
    assert.strictEqual(account.waitMillis(500, t0 + second), second)
  })

  it("of tokens rejects no call that fits once it is confirmed", () => {
    const account = running({ tokensPerMinute: 1_000 }, 1)
    refuse(account, refused("tokens per minute", { limit: 100 }), t0)
    for (const at of [t0 + second, t0 + 3 * second]) {
      account.acquire(500, at)
      refuse(account, refused("tokens per minute", { limit: 100 }), at)
    }
    assert.isUndefined(account.exceededLimit(40))
    assert.isUndefined(account.exceededLimit(100))
    assert.deepStrictEqual(account.exceededLimit(101), { kind: "tokens per minute", limit: 100 })
  })

  it("of tokens rejects no call after its time", () => {
    const account = running({}, 1)
    refuse(account, refused("tokens per minute", { limit: 100 }), t0)
    for (const at of [t0 + second, t0 + 3 * second]) {
      account.acquire(500, at)
      refuse(account, refused("tokens per minute", { limit: 100 }), at)
    }
    account.waitMillis(0, t0 + 11 * minute)
    assert.isUndefined(account.exceededLimit(500))
  })

  it("of tokens does not reject a call of the configured limit", () => {
    const account = running({ tokensPerMinute: 1_000 }, 1)
    refuse(account, refused("tokens per minute", { limit: 100 }), t0)
    assert.isUndefined(account.exceededLimit(1_000))
  })

  it("is refuted for its time only", () => {
    const estimate = new LimitEstimate(10, t0, 0, false)
    estimate.succeed(0, 21, t0 + 1, t0 + 1)
    assert.isTrue(estimate.isRefuted(t0 + 10 * minute - 1))
    assert.isFalse(estimate.isRefuted(t0 + 10 * minute))
  })

  it("is not confirmed by refusals of what it allows", () => {
    const estimate = new LimitEstimate(10, t0, 0, false)
    for (const at of [t0 + 1, t0 + 2, t0 + 3]) estimate.refuse(10, at, at, 0)
    assert.isFalse(estimate.isConfirmed)
  })

  it("does not rise with what it allows", () => {
    const estimate = new LimitEstimate(10, t0, 0, false)
    estimate.succeed(10, 0, t0 + 1, t0 + 1)
    assert.strictEqual(estimate.allowed, 10)
  })

  it("may rise to twice what was named", () => {
    const estimate = new LimitEstimate(10, t0, 0, false)
    estimate.succeed(18, 0, t0 + 1, t0 + 1)
    assert.strictEqual(estimate.allowed, 20)
    assert.isTrue(estimate.isActive(t0 + 1))
  })
})
