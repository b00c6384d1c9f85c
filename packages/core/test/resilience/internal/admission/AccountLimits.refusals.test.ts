import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { answer, daily, forever, minute, overloaded, refuse, refused, running, t0 } from "../../support/account.ts"

const retryAfter = Duration.seconds(5)

describe("the pause of an account", () => {
  const ofOneCall = [
    overloaded(retryAfter),
    refused("unknown", { retryAfter }),
    refused("concurrency", { limit: 2, retryAfter }),
    refused("requests per minute", { limit: 500, retryAfter }),
    refused("tokens per minute", { limit: 500_000, retryAfter })
  ]

  it("does not follow one refusal", () => {
    for (const error of ofOneCall) {
      const account = running({}, 8, t0, 10)
      refuse(account, error, t0)
      assert.strictEqual(account.usage(t0).pausedUntil, 0, error.message)
    }
  })

  it("follows four refusals in a row", () => {
    const account = running({}, 4)
    for (let call = 0; call < 3; call++) refuse(account, refused("unknown", { retryAfter }), t0)
    assert.strictEqual(account.usage(t0).pausedUntil, 0)
    refuse(account, refused("unknown", { retryAfter }), t0)
    assert.strictEqual(account.usage(t0).pausedUntil, t0 + 5_000)
  })

  it("does not follow refusals between which calls are answered", () => {
    const account = running({}, 200)
    for (let call = 0; call < 100; call++) {
      refuse(account, refused("unknown", { retryAfter }), t0)
      answer(account, t0)
    }
    assert.strictEqual(account.usage(t0).pausedUntil, 0)
  })

  it("needs as many refusals as half of the calls that run", () => {
    const account = running({}, 64)
    let refusals = 0
    while (account.usage(t0).pausedUntil === 0) {
      refuse(account, refused("unknown", { retryAfter }), t0)
      refusals += 1
    }
    assert.strictEqual(refusals, 22)
  })

  it("follows one refusal that names a rate which our own count has reached", () => {
    for (const [limits, tokens, error] of [
      [{}, 0, refused("requests per minute", { limit: 10, retryAfter })],
      [{ requestsPerMinute: 10 }, 0, refused("requests per minute", { limit: 10, retryAfter })],
      [{ tokensPerMinute: 1_000 }, 100, refused("tokens per minute", { limit: 1_000, retryAfter })],
      [{ tokensPerDay: 1_000 }, 100, daily({ limit: 1_000, retryAfter })]
    ] as const) {
      const account = running(limits, 10, t0, tokens)
      refuse(account, error, t0)
      assert.strictEqual(account.usage(t0).pausedUntil, t0 + 5_000)
    }
  })

  it("follows a daily limit of an account that has answered no call in the last minute", () => {
    const account = running({ tokensPerDay: 1_000 }, 2)
    answer(account, t0)
    refuse(account, daily({ limit: 1_000, retryAfter }), t0 + minute + 1)
    assert.strictEqual(account.usage(t0).pausedUntil, t0 + minute + 5_001)
  })

  it("does not follow a daily limit while other calls are answered", () => {
    const account = running({ tokensPerDay: 1_000 }, 2)
    answer(account, t0)
    refuse(account, daily({ limit: 1_000, retryAfter }), t0 + 1_000)
    assert.strictEqual(account.usage(t0).pausedUntil, 0)
  })
})

describe("the pace of an account", () => {
  it("does not fall below a named rate that our own count has reached", () => {
    const account = running({ requestsPerMinute: 3 }, 3)
    for (let call = 0; call < 3; call++) refuse(account, refused("requests per minute", { limit: 3 }), t0)
    assert.strictEqual(account.usage(t0).pace, 1)
  })

  it("of three calls a minute stays three after an unexplained refusal", () => {
    const account = running({ requestsPerMinute: 3 }, 1)
    refuse(account, refused("unknown"), t0)
    assert.strictEqual(account.usage(t0).pace, 0.9)
    account.acquire(0, t0 + 1)
    assert.strictEqual(account.waitMillis(0, t0 + 2), 0)
  })

  it("does not fall below a named concurrency that the calls have reached", () => {
    const account = running({ concurrency: 6 }, 6)
    refuse(account, refused("concurrency", { limit: 6 }), t0)
    assert.strictEqual(account.usage(t0).concurrency, 6)
  })

  it("falls when the host names a limit that our own count has not reached", () => {
    const account = running({ concurrency: 8 }, 3)
    refuse(account, refused("concurrency", { limit: 8 }), t0)
    assert.strictEqual(account.usage(t0).concurrency, 7)
  })
})

describe("a call without a limit", () => {
  it("is admitted after a refusal that names none", () => {
    const account = running({}, 2)
    refuse(account, refused("requests per minute", { retryAfter }), t0)
    assert.strictEqual(account.usage(t0).concurrency, 1)
    answer(account, t0)
    assert.strictEqual(account.waitMillis(0, t0), 0)
    assert.notStrictEqual(account.waitMillis(0, t0), forever)
  })
})
