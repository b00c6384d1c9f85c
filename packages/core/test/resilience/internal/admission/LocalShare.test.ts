import { assert, describe, it } from "@effect/vitest"
import { LocalShare } from "../../../../src/resilience/internal/admission/LocalShare.ts"

const t0 = 1_800_000_000_000
const limits = { concurrency: 5, requestsPerMinute: 10, tokensPerMinute: 1_000, tokensPerDay: 5_000 }
const nothing = { requests: 0, tokens: 0, daily: 0, remoteInFlight: 0 }
const none = { requests: 0, tokens: 0, daily: 0 }

describe("LocalShare", () => {
  it("admits what fits in a share of every limit", () => {
    const share = new LocalShare(0.5, 0)
    assert.strictEqual(share.waitMillis(500, limits, t0), 0)
    share.acquire(400, t0)
    assert.strictEqual(share.waitMillis(100, limits, t0), 0)
    assert.strictEqual(share.waitMillis(101, limits, t0), 60_100)
    share.acquire(1, t0)
    assert.strictEqual(share.waitMillis(1, limits, t0), Number.POSITIVE_INFINITY)
    share.release()
    assert.strictEqual(share.waitMillis(1, limits, t0), 0)
    share.cancel(400, t0, t0)
    assert.deepStrictEqual(share.totals(t0), { requests: 1, tokens: 1, daily: 1 })
  })

  it("applies no unknown limit", () => {
    const share = new LocalShare(0.1, 0)
    for (let call = 0; call < 100; call++) share.acquire(1_000_000, t0)
    assert.strictEqual(share.waitMillis(1_000_000, {}, t0), 0)
  })

  it("allows at least one call", () => {
    assert.strictEqual(new LocalShare(0.1, 0).waitMillis(1, { concurrency: 1, requestsPerMinute: 1 }, t0), 0)
  })

  it("takes its share of what remains in every window", () => {
    const share = new LocalShare(0.5, 0)
    share.applyRemoteUsage({ ...nothing, requests: 4, tokens: 800, daily: 4_000, at: t0 }, none, t0)
    // 200 tokens were left, and 1,000 of the day.
    assert.strictEqual(share.waitMillis(100, limits, t0), 0)
    assert.strictEqual(share.waitMillis(101, limits, t0), 60_000)
    assert.strictEqual(share.waitMillis(501, { tokensPerDay: 5_000 }, t0), 24 * 3_600_000)
    for (let call = 0; call < 3; call++) share.acquire(0, t0)
    assert.strictEqual(share.waitMillis(0, { requestsPerMinute: 10 }, t0), 60_000)
    assert.strictEqual(share.waitMillis(0, { requestsPerMinute: 10 }, t0 + 60_000), 0)
  })

  it("leaves other processes their permits for a minute", () => {
    const share = new LocalShare(0.5, 0)
    share.applyRemoteUsage({ ...nothing, remoteInFlight: 9, at: t0 }, none, t0)
    const places = { concurrency: 10 }
    assert.strictEqual(share.waitMillis(0, places, t0), 0)
    share.acquire(0, t0)
    assert.strictEqual(share.waitMillis(0, places, t0 + 1), 59_999)
    assert.strictEqual(share.waitMillis(0, places, t0 + 60_000), 0)
  })

  it("ignores usage that is more than a minute old, except for the day", () => {
    const share = new LocalShare(0.5, 0)
    share.applyRemoteUsage({ requests: 10, tokens: 1_000, daily: 5_000, remoteInFlight: 5, at: t0 - 60_000 }, none, t0)
    assert.strictEqual(share.waitMillis(10, { ...limits, tokensPerDay: undefined }, t0), 0)
    assert.isAbove(share.waitMillis(10, limits, t0), 60_000)
  })

  it("applies the higher of two remote usages", () => {
    const share = new LocalShare(0.5, 0)
    share.applyRemoteUsage({ ...nothing, requests: 10, at: t0 }, none, t0)
    share.applyRemoteUsage({ ...nothing, at: t0 }, none, t0 + 1_000)
    assert.strictEqual(share.waitMillis(0, { requestsPerMinute: 10 }, t0 + 1_000), 60_000)
  })

  it("forgets the usage of others after a minute with the margin", () => {
    const share = new LocalShare(0.5, 1_000)
    const requests = { requestsPerMinute: 10 }
    share.applyRemoteUsage({ ...nothing, requests: 10, at: t0 }, none, t0)
    assert.strictEqual(share.waitMillis(0, requests, t0), 61_000)
    share.applyRemoteUsage({ ...nothing, at: t0 }, none, t0 + 61_000)
    assert.strictEqual(share.waitMillis(0, requests, t0 + 61_000), 0)
  })

  it("keeps the tokens of others for a day with the margin", () => {
    const share = new LocalShare(0.5, 1_000)
    const tokens = { tokensPerDay: 5_000 }
    share.applyRemoteUsage({ ...nothing, daily: 5_000, at: t0 }, none, t0)
    share.applyRemoteUsage({ ...nothing, at: t0 }, none, t0 + 120_000)
    assert.strictEqual(share.waitMillis(1, tokens, t0 + 120_000), 24 * 3_600_000 + 1_000)
    const tomorrow = t0 + 120_000 + 24 * 3_600_000 + 1_000
    share.applyRemoteUsage({ ...nothing, at: t0 }, none, tomorrow)
    assert.strictEqual(share.waitMillis(1, tokens, tomorrow), 0)
  })

  it("ignores tokens that are a day old", () => {
    const share = new LocalShare(0.5, 0)
    share.applyRemoteUsage({ ...nothing, daily: 5_000, at: t0 - 24 * 3_600_000 }, none, t0)
    assert.strictEqual(share.waitMillis(1, { tokensPerDay: 5_000 }, t0), 0)
  })

  it("takes its own usage from its share in place of what is left", () => {
    const share = new LocalShare(0.5, 0)
    share.applyRemoteUsage({ ...nothing, requests: 10, at: t0 }, { ...none, requests: 3 }, t0)
    // Its share is five, of which the others have used two.
    for (let call = 0; call < 2; call++) share.acquire(0, t0)
    assert.strictEqual(share.waitMillis(0, { requestsPerMinute: 10 }, t0), 0)
    share.acquire(0, t0)
    assert.strictEqual(share.waitMillis(0, { requestsPerMinute: 10 }, t0), 60_000)
  })

  it("waits for its own usage where that lasts longer than that of others", () => {
    const share = new LocalShare(0.5, 0)
    share.applyRemoteUsage({ ...nothing, requests: 10, at: t0 }, none, t0)
    for (let call = 0; call < 5; call++) share.acquire(0, t0 + 30_000)
    assert.strictEqual(share.waitMillis(0, { requestsPerMinute: 10 }, t0 + 59_000), 31_100)
  })

  it("runs as many calls as all processes may if it is the only one", () => {
    const share = new LocalShare(1, 0)
    for (let call = 0; call < 4; call++) share.acquire(0, t0)
    assert.strictEqual(share.waitMillis(0, { concurrency: 5 }, t0), 0)
  })
})
