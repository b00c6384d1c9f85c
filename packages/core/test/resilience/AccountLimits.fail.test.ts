import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { classes } from "../../src/errors/KimiError.ts"
import { daily, day, forever, minute, overloaded, refuse, refused, running, t0 } from "./support/account.ts"

describe("AccountLimits.fail", () => {
  it("believes a limit that the host names, when it is lower or was not known", () => {
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
        refuse(account, error, t0, t0 + 10)
        assert.strictEqual(account.limits[name], expected, `${name} of ${known}`)
      }
    }
  })

  it("does not believe a limit of nothing", () => {
    const account = running({ concurrency: 4, tokensPerDay: 100 }, 2)
    refuse(account, refused("concurrency", { limit: 0 }), t0, t0)
    refuse(account, daily({ limit: -1 }), t0, t0)
    assert.strictEqual(account.limits.concurrency, 4)
    assert.strictEqual(account.limits.tokensPerDay, 100)
    assert.isAtLeast(account.usage(t0).concurrency, 1)
  })

  it("counts tokens from when a limit of them is named", () => {
    const account = running({}, 1)
    refuse(account, refused("tokens per minute", { limit: 1_000 }), t0, t0 + 10)
    assert.isTrue(account.countsTokens)
    account.enter(400, t0 + 10)
    assert.strictEqual(account.usage(t0 + 10).tokensInMinute, 400)
  })

  it("takes over the host's count of tokens, and is not slowed down by what it says", () => {
    const account = running({ tokensPerMinute: 1_000 }, 2, t0, 100)
    refuse(account, refused("tokens per minute", { current: 950, limit: 1_000 }), t0, t0 + 10)
    assert.deepInclude(account.usage(t0 + 10), { tokensInMinute: 950, pace: 1, concurrency: forever })
    assert.isAbove(account.wait(51, t0 + 10), 0)
    assert.strictEqual(account.wait(50, t0 + 10), 0)
  })

  it("slows down for tokens when the host's count is no news", () => {
    for (const current of [undefined, 150, 200]) {
      const account = running({ tokensPerMinute: 1_000 }, 2, t0, 100)
      refuse(account, refused("tokens per minute", current === undefined ? {} : { current }), t0, t0 + 10)
      assert.deepInclude(account.usage(t0 + 10), { tokensInMinute: 200, pace: 0.7 })
    }
  })

  it("takes over the host's count of the day, and keeps its pace", () => {
    const account = running({ tokensPerDay: 1_000 }, 1, t0, 100)
    refuse(account, daily({ current: 990 }), t0, t0 + 10)
    assert.deepInclude(account.usage(t0 + 10), { tokensInDay: 990, tokensInMinute: 100, pace: 1 })
    assert.isAbove(account.wait(11, t0 + 10), day - minute)
    const learned = running({}, 1, t0)
    refuse(learned, daily({ current: 990, limit: 1_000 }), t0, t0 + 10)
    assert.isAbove(learned.wait(11, t0 + 10), day - minute)
  })

  it("slows down for requests, whether the limit is named or not", () => {
    for (const limit of [undefined, 10, 100]) {
      const account = running({ requestsPerMinute: 10 }, 1)
      refuse(account, refused("requests per minute", limit === undefined ? {} : { limit }), t0, t0)
      assert.strictEqual(account.usage(t0).pace, 0.7)
      for (let call = 0; call < 6; call++) {
        assert.strictEqual(account.wait(0, t0), 0)
        account.enter(0, t0)
      }
      assert.strictEqual(account.wait(0, t0), minute + 100)
    }
  })

  it("slows down for a refusal that names nothing, and where no rate is known lets fewer run at once", () => {
    const account = running({ requestsPerMinute: 10, concurrency: 8 }, 8)
    refuse(account, refused("unknown"), t0, t0 + 10)
    assert.deepInclude(account.usage(t0 + 10), { pace: 0.7, concurrency: 8 })
    for (const limits of [{}, { concurrency: 100 }, { tokensPerDay: 1_000 }]) {
      const without = running(limits, 9)
      refuse(without, refused("unknown"), t0, t0 + 10)
      assert.deepInclude(without.usage(t0 + 10), { pace: 1, concurrency: 4 })
    }
  })

  it("lets half of those that run go on when the host refuses for concurrency or overload", () => {
    for (const error of [refused("concurrency"), overloaded()]) {
      for (const concurrency of [undefined, 50]) {
        const account = running({ concurrency }, 21)
        refuse(account, error, t0, t0 + 10)
        assert.deepInclude(account.usage(t0 + 10), { inFlight: 20, concurrency: 10, pace: 1 })
        assert.strictEqual(account.wait(0, t0 + 10), forever)
      }
    }
    const named = running({ concurrency: 50 }, 41)
    refuse(named, refused("concurrency", { limit: 6 }), t0, t0 + 10)
    assert.strictEqual(named.usage(t0 + 10).concurrency, 6)
  })

  it("cuts once for all calls that began before, and again for one that began after", () => {
    for (const error of [overloaded(), refused("concurrency")]) {
      const account = running({ concurrency: 64 }, 64)
      for (let call = 0; call < 20; call++) refuse(account, error, t0, t0 + 10 + call)
      assert.strictEqual(account.usage(t0 + 30).concurrency, 31)
      refuse(account, error, t0 + 9, t0 + 30)
      assert.strictEqual(account.usage(t0 + 30).concurrency, 31)
      refuse(account, error, t0 + 10, t0 + 30)
      assert.strictEqual(account.usage(t0 + 30).concurrency, 15)
    }
    const paced = running({ requestsPerMinute: 100 }, 64)
    for (let call = 0; call < 20; call++) refuse(paced, refused("unknown"), t0, t0 + 10 + call)
    assert.strictEqual(paced.usage(t0 + 30).pace, 0.7)
    refuse(paced, refused("unknown"), t0 + 20, t0 + 30)
    assert.strictEqual(paced.usage(t0 + 30).pace, 0.7 * 0.7)
  })

  it("keeps to a limit that a late refusal names, although it cuts nothing any more", () => {
    const account = running({ concurrency: 64 }, 64)
    refuse(account, overloaded(), t0, t0 + 10)
    refuse(account, refused("concurrency", { limit: 5 }), t0, t0 + 20)
    assert.strictEqual(account.usage(t0 + 20).concurrency, 5)
  })

  it("pauses for as long as the host asks, by whichever refusal, and never for less than before", () => {
    for (const error of [
      overloaded(Duration.seconds(20)),
      daily({ retryAfter: Duration.seconds(20) }),
      refused("unknown", { retryAfter: Duration.seconds(20) }),
      refused("tokens per minute", { retryAfter: Duration.seconds(20), current: 1_000 })
    ]) {
      const account = running({ requestsPerMinute: 1_000, tokensPerMinute: 1_000_000, concurrency: 100 }, 2)
      refuse(account, error, t0, t0 + 10)
      assert.strictEqual(account.usage(t0 + 10).pausedUntil, t0 + 20_010)
      refuse(account, overloaded(Duration.seconds(1)), t0, t0 + 10)
      assert.strictEqual(account.wait(1, t0 + 10), 20_000, error._tag)
      assert.strictEqual(account.wait(1, t0 + 20_009), 1)
      assert.strictEqual(account.wait(1, t0 + 20_010), 0)
    }
  })

  it("learns nothing from other errors", () => {
    const account = running({ requestsPerMinute: 10, concurrency: 8 }, 8)
    const retryAfter = Duration.seconds(9)
    for (const error of [
      new classes.ServerError({ message: "500", retryAfter }),
      new classes.ServiceUnavailableError({ message: "503", retryAfter }),
      new classes.QuotaExceededError({ message: "429", retryAfter })
    ]) {
      account.fail(error, t0, t0 + 10)
    }
    assert.deepInclude(account.usage(t0 + 10), { concurrency: 8, pace: 1, pausedUntil: 0 })
  })

  it("never goes below one call at a time, a tenth of the pace and the largest lawful call", () => {
    const account = running({ concurrency: 4, requestsPerMinute: 5, tokensPerMinute: 1_000 }, 0)
    let now = t0
    for (let round = 0; round < 30; round++) {
      account.enter(0, now)
      refuse(account, refused("unknown"), now, now)
      account.enter(0, now)
      refuse(account, overloaded(), now, now)
      now += 3 * minute
    }
    assert.deepInclude(account.usage(now), { concurrency: 1, pace: 0.1 })
    assert.strictEqual(account.wait(1_000, now), 0)
    account.enter(1_000, now)
    assert.strictEqual(account.wait(1, now), forever)
    account.leave()
    assert.isTrue(Number.isFinite(account.wait(1_000, now)))
    assert.strictEqual(account.wait(1_000, now + minute + 100), 0)
  })
})
