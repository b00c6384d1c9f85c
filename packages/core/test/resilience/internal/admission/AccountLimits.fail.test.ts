import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { classes } from "../../../../src/errors/KimiError.ts"
import { answer, daily, forever, minute, overloaded, refuse, refused, running, t0 } from "../../support/account.ts"

describe("AccountLimits.recordFailure", () => {
  it("applies a limit that the host names if it is lower or was unknown", () => {
    const cases = [
      [refused("concurrency", { limit: 5 }), "concurrency"],
      [refused("requests per minute", { limit: 5 }), "requestsPerMinute"],
      [refused("tokens per minute", { limit: 5 }), "tokensPerMinute"],
      [daily({ limit: 5 }), "tokensPerDay"]
    ] as const
    for (const [error, name] of cases) {
      for (const [known, expected] of [
        [undefined, 5],
        [9, 5],
        [3, 3]
      ] as const) {
        const account = running({ [name]: known }, 2)
        refuse(account, error, t0 + 10)
        assert.strictEqual(account.limits[name], expected, `${name} of ${known}`)
      }
    }
  })

  it("ignores a limit of zero", () => {
    const account = running({ concurrency: 4, tokensPerDay: 100 }, 2)
    refuse(account, refused("concurrency", { limit: 0 }), t0)
    refuse(account, daily({ limit: -1 }), t0)
    assert.strictEqual(account.limits.concurrency, 4)
    assert.strictEqual(account.limits.tokensPerDay, 100)
    assert.isAtLeast(account.usage(t0).concurrency, 1)
  })

  it("counts tokens once the host names a limit for them", () => {
    const account = running({}, 1)
    refuse(account, refused("tokens per minute", { limit: 1_000 }), t0 + 10)
    assert.isTrue(account.countsTokens)
    account.acquire(400, t0 + 10)
    assert.strictEqual(account.usage(t0 + 10).tokensInMinute, 400)
  })

  it("adopts the host's token count without throttling", () => {
    const account = running({ tokensPerMinute: 1_000 }, 2, t0, 100)
    refuse(account, refused("tokens per minute", { current: 950, limit: 1_000 }), t0 + 10)
    assert.deepInclude(account.usage(t0 + 10), { tokensInMinute: 950, pace: 1, concurrency: forever })
    assert.isAbove(account.waitMillis(51, t0 + 10), 0)
    assert.strictEqual(account.waitMillis(50, t0 + 10), 0)
  })

  it("throttles tokens if neither the host's count nor its limit is new", () => {
    for (const figures of [{}, { current: 150 }, { current: 200, limit: 1_000 }]) {
      const account = running({ tokensPerMinute: 1_000 }, 2, t0, 100)
      refuse(account, refused("tokens per minute", figures), t0 + 10)
      assert.deepInclude(account.usage(t0 + 10), { tokensInMinute: 200, pace: 0.9 })
    }
  })

  it("pauses for ten minutes after a daily limit without a time", () => {
    const account = running({ tokensPerDay: 1_000 }, 1, t0, 100)
    refuse(account, daily({ current: 990, limit: 900 }), t0)
    assert.deepInclude(account.usage(t0), { tokensInDay: 100, pace: 1 })
    assert.strictEqual(account.limits.tokensPerDay, 900)
    assert.strictEqual(account.waitMillis(1, t0), 10 * minute)
    assert.strictEqual(account.waitMillis(1, t0 + 10 * minute), 0)
  })

  it("throttles requests if the limit is not named or not new", () => {
    for (const limit of [undefined, 10, 100]) {
      const account = running({ requestsPerMinute: 10 }, 1)
      refuse(account, refused("requests per minute", limit === undefined ? {} : { limit }), t0)
      assert.strictEqual(account.usage(t0).pace, 0.9)
      for (let call = 0; call < 8; call++) {
        assert.strictEqual(account.waitMillis(0, t0), 0)
        account.acquire(0, t0)
      }
      assert.strictEqual(account.waitMillis(0, t0), minute + 100)
    }
    const named = running({ requestsPerMinute: 10 }, 1)
    refuse(named, refused("requests per minute", { limit: 4 }), t0)
    assert.strictEqual(named.usage(t0).pace, 1)
    assert.strictEqual(named.limits.requestsPerMinute, 4)
  })

  it("throttles after an unspecific refusal; without a known rate it reduces concurrency", () => {
    const account = running({ requestsPerMinute: 100, concurrency: 8 }, 20)
    refuse(account, refused("unknown"), t0 + 10)
    assert.deepInclude(account.usage(t0 + 10), { pace: 0.95, concurrency: 8 })
    for (const limits of [{}, { concurrency: 9 }, { tokensPerDay: 1_000 }]) {
      const without = running(limits, 9)
      refuse(without, refused("unknown"), t0 + 10)
      assert.deepInclude(without.usage(t0 + 10), { pace: 1, concurrency: 8 })
    }
  })

  it("reduces concurrency after every refusal for concurrency or overload", () => {
    for (const error of [refused("concurrency"), overloaded()]) {
      for (const concurrency of [undefined, 21]) {
        const account = running({ concurrency }, 21)
        refuse(account, error, t0)
        assert.deepInclude(account.usage(t0), { inFlight: 20, concurrency: 20, pace: 1 })
        assert.strictEqual(account.waitMillis(0, t0), forever)
        for (let call = 1; call < 20; call++) refuse(account, error, t0)
        assert.isAtMost(account.usage(t0).concurrency, 2)
      }
    }
    const named = running({ concurrency: 50 }, 41)
    refuse(named, refused("concurrency", { limit: 6 }), t0)
    assert.isAtMost(named.usage(t0).concurrency, 6)
  })

  it("is not throttled by one refusal in a hundred", () => {
    for (const [every, least, most] of [
      [100, 95, 100],
      [10, 80, 95],
      [3, 15, 30],
      [2, 5, 15]
    ] as const) {
      const account = running({ concurrency: 100 }, 0)
      let sum = 0
      for (let call = 1; call <= 20_000; call++) {
        account.acquire(0, t0)
        if (call % every === 0) refuse(account, overloaded(), t0)
        else answer(account, t0)
        if (call > 10_000) sum += account.usage(t0).concurrency
      }
      const mean = sum / 10_000
      assert.isTrue(mean >= least && mean <= most, `one in ${every}: ${mean}`)
    }
  })

  it("applies a learned limit for ten minutes from its latest mention", () => {
    const account = running({ requestsPerMinute: 10 }, 1)
    refuse(account, refused("requests per minute", { limit: 4 }), t0)
    account.acquire(0, t0)
    refuse(account, refused("requests per minute", { limit: 4 }), t0 + 5 * minute)
    account.waitMillis(0, t0 + 10 * minute)
    assert.strictEqual(account.limits.requestsPerMinute, 4)
    account.waitMillis(0, t0 + 15 * minute)
    assert.strictEqual(account.limits.requestsPerMinute, 10)
  })

  it("never shortens the pause that a refusal requests", () => {
    for (const error of [
      overloaded(Duration.seconds(20)),
      daily({ retryAfter: Duration.seconds(20) }),
      refused("unknown", { retryAfter: Duration.seconds(20) }),
      refused("tokens per minute", { retryAfter: Duration.seconds(20), current: 1_000 })
    ]) {
      const account = running({ requestsPerMinute: 1_000, tokensPerMinute: 1_000_000, concurrency: 100 }, 5)
      for (let call = 0; call < 4; call++) refuse(account, error, t0 + 10)
      assert.strictEqual(account.usage(t0 + 10).pausedUntil, t0 + 20_010)
      refuse(account, overloaded(Duration.seconds(1)), t0 + 10)
      assert.strictEqual(account.waitMillis(1, t0 + 10), 20_000, error._tag)
      assert.strictEqual(account.waitMillis(1, t0 + 20_009), 1)
      assert.strictEqual(account.waitMillis(1, t0 + 20_010), 0)
    }
  })

  it("ignores other errors", () => {
    const account = running({ requestsPerMinute: 10, concurrency: 8 }, 8)
    const retryAfter = Duration.seconds(9)
    for (const error of [
      new classes.ServerError({ message: "500", retryAfter }),
      new classes.ServiceUnavailableError({ message: "503", retryAfter }),
      new classes.QuotaExceededError({ message: "429", retryAfter })
    ]) {
      account.recordFailure(error, t0 + 10)
    }
    assert.deepInclude(account.usage(t0 + 10), { concurrency: 8, pace: 1, pausedUntil: 0 })
  })

  it("keeps a minimum of every limit: one call, a tenth of the rate, the largest permitted call", () => {
    const account = running({ concurrency: 4, requestsPerMinute: 5, tokensPerMinute: 1_000 }, 0)
    let now = t0
    for (let round = 0; round < 60; round++) {
      account.acquire(0, now)
      refuse(account, refused("unknown"), now)
      account.acquire(0, now)
      refuse(account, overloaded(), now)
      now += 3 * minute
    }
    assert.deepInclude(account.usage(now), { concurrency: 1, pace: 0.1 })
    assert.strictEqual(account.waitMillis(1_000, now), 0)
    account.acquire(1_000, now)
    assert.strictEqual(account.waitMillis(1, now), forever)
    account.release()
    assert.isTrue(Number.isFinite(account.waitMillis(1_000, now)))
    assert.strictEqual(account.waitMillis(1_000, now + minute + 100), 0)
  })
})
