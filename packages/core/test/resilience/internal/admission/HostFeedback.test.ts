import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { classes } from "../../../../src/errors/KimiError.ts"
import { answer, forever, minute, refuse, refused, running, t0 } from "../../support/account.ts"

const second = 1_000

describe("HostFeedback on a refusal", () => {
  it("never pauses for errors that concern no limit, however many there are", () => {
    const retryAfter = Duration.seconds(9)
    for (const error of [
      new classes.ServerError({ message: "500", retryAfter }),
      new classes.QuotaExceededError({ message: "429", retryAfter })
    ]) {
      const account = running({}, 8)
      for (let call = 0; call < 8; call++) refuse(account, error, t0)
      assert.deepInclude(account.usage(t0), { pausedUntil: 0, concurrency: forever })
    }
  })

  it("does not let other errors count for a run of refusals", () => {
    const account = running({}, 4)
    for (let call = 0; call < 3; call++) refuse(account, new classes.ServerError({ message: "500" }), t0)
    refuse(account, refused("unknown", { retryAfter: Duration.seconds(9) }), t0)
    assert.strictEqual(account.usage(t0).pausedUntil, 0)
  })

  it("allows no call above a named limit before the wait that the host requested", () => {
    const account = running({ requestsPerMinute: 100 }, 1)
    const retryAfter = Duration.seconds(30)
    refuse(account, refused("requests per minute", { limit: 3, retryAfter }), t0)
    for (let call = 0; call < 2; call++) account.acquire(0, t0 + 5 * second)
    assert.strictEqual(account.waitMillis(0, t0 + 5 * second), 25 * second)
  })

  it("learns no limit whose kind is unknown", () => {
    const account = running({ requestsPerMinute: 100 }, 1)
    refuse(account, refused("unknown", { limit: 5 }), t0)
    assert.deepInclude(account.usage(t0), { pace: 0.9 })
    assert.deepStrictEqual(account.limits, { requestsPerMinute: 100 })
  })

  it("takes only a count of tokens for usage of others", () => {
    const account = running({ requestsPerMinute: 100 }, 1)
    refuse(account, refused("requests per minute", { current: 50 }), t0)
    assert.deepInclude(account.usage(t0), { requestsInMinute: 1, pace: 0.9 })
  })

  it("takes a count of tokens for usage of others unless the host answers other calls meanwhile", () => {
    const full = refused("tokens per minute", { limit: 500_000, current: 500_100, retryAfter: Duration.seconds(5) })
    for (const [isAnswered, wait] of [
      [false, 5 * second],
      [true, 0]
    ] as const) {
      const account = running({}, 8)
      if (isAnswered) answer(account, t0)
      refuse(account, full, t0)
      assert.strictEqual(account.waitMillis(30, t0), wait)
    }
  })

  it("is not explained by a rate of which one call is left by our own count", () => {
    const account = running({ requestsPerMinute: 100 }, 9)
    refuse(account, refused("requests per minute", { limit: 10, retryAfter: Duration.seconds(9) }), t0)
    assert.strictEqual(account.usage(t0).pausedUntil, 0)
  })

  it("is not explained by a limit of which the host has answered more than twice as many calls in this minute", () => {
    for (const [answered, pausedUntil] of [
      [6, t0 + 9 * second],
      [7, 0]
    ] as const) {
      const account = running({ requestsPerMinute: 100 }, answered + 1)
      for (let call = 0; call < answered; call++) answer(account, t0)
      refuse(account, refused("requests per minute", { limit: 3, retryAfter: Duration.seconds(9) }), t0)
      assert.strictEqual(account.usage(t0).pausedUntil, pausedUntil)
    }
  })

  it("lowers the pace when the host repeats a limit that our own count has not reached", () => {
    const account = running({ requestsPerMinute: 100 }, 2)
    refuse(account, refused("requests per minute", { limit: 20 }), t0)
    assert.strictEqual(account.usage(t0).pace, 1)
    refuse(account, refused("requests per minute", { limit: 20 }), t0)
    assert.strictEqual(account.usage(t0).pace, 0.9)
  })

  it("keeps the pace when the host names a limit again after its time", () => {
    const account = running({ requestsPerMinute: 100 }, 1)
    refuse(account, refused("requests per minute", { limit: 20 }), t0)
    account.acquire(0, t0 + 10 * minute)
    refuse(account, refused("requests per minute", { limit: 20 }), t0 + 10 * minute)
    assert.strictEqual(account.usage(t0 + 10 * minute).pace, 1)
  })

  it("learns a limit of one call", () => {
    const account = running({ concurrency: 4 }, 2)
    refuse(account, refused("concurrency", { limit: 1 }), t0)
    assert.strictEqual(account.limits.concurrency, 1)
  })

  it("ignores every limit of a kind for ten minutes after one was refuted", () => {
    const account = running({}, 30)
    refuse(account, refused("requests per minute", { limit: 5 }), t0)
    for (let call = 0; call < 20; call++) answer(account, t0)
    refuse(account, refused("requests per minute", { limit: 6 }), t0 + 5 * minute)
    account.waitMillis(0, t0 + 5 * minute)
    assert.isUndefined(account.limits.requestsPerMinute)
    refuse(account, refused("requests per minute", { limit: 6 }), t0 + 10 * minute)
    assert.strictEqual(account.limits.requestsPerMinute, 6)
  })
})

describe("HostFeedback on a success", () => {
  it("does not refute a limit of concurrency by the calls of a minute", () => {
    const account = running({}, 3)
    refuse(account, refused("concurrency", { limit: 2 }), t0)
    for (let call = 0; call < 10; call++) {
      answer(account, t0)
      account.acquire(0, t0)
    }
    account.waitMillis(0, t0)
    assert.strictEqual(account.limits.concurrency, 2)
  })
})

describe("HostFeedback on rate-limit headers", () => {
  it("takes a limit that resets after a minute for one per minute", () => {
    const account = running({}, 1)
    account.recordRateStatus({ limit: 10, reset: minute }, t0)
    assert.strictEqual(account.limits.requestsPerMinute, 10)
  })
})
