import { assert, describe, it } from "@effect/vitest"
import { OwnShare } from "../../../src/resilience/admission/OwnShare.ts"

const t0 = 1_800_000_000_000
const limits = { concurrency: 5, requestsPerMinute: 10, tokensPerMinute: 1_000, tokensPerDay: 5_000 }
const nothing = { requests: 0, tokens: 0, daily: 0, others: 0 }
const none = { requests: 0, tokens: 0, daily: 0 }

describe("OwnShare", () => {
  it("lets in what fits in a share of every limit", () => {
    const share = new OwnShare(0.5, 0)
    assert.strictEqual(share.wait(500, limits, t0), 0)
    share.enter(400, t0)
    assert.strictEqual(share.wait(100, limits, t0), 0)
    assert.strictEqual(share.wait(101, limits, t0), 60_100)
    share.enter(1, t0)
    assert.strictEqual(share.wait(1, limits, t0), Number.POSITIVE_INFINITY)
    share.leave()
    assert.strictEqual(share.wait(1, limits, t0), 0)
    share.cancel(400, t0, t0)
    assert.deepStrictEqual(share.spent(t0), { requests: 1, tokens: 1, daily: 1 })
  })

  it("knows no limit that is not known, and at least one call of every other", () => {
    const share = new OwnShare(0.1, 0)
    for (let call = 0; call < 100; call++) share.enter(1_000_000, t0)
    assert.strictEqual(share.wait(1_000_000, {}, t0), 0)
    assert.strictEqual(new OwnShare(0.1, 0).wait(1, { concurrency: 1, requestsPerMinute: 1 }, t0), 0)
  })

  it("takes its share of the rest until a minute later, and of the day until a day later", () => {
    const share = new OwnShare(0.5, 0)
    share.assume({ ...nothing, requests: 4, tokens: 800, daily: 4_000, at: t0 }, none, t0)
    // 200 tokens were left, and 1,000 of the day.
    assert.strictEqual(share.wait(100, limits, t0), 0)
    assert.strictEqual(share.wait(101, limits, t0), 60_000)
    assert.strictEqual(share.wait(501, { tokensPerDay: 5_000 }, t0), 24 * 3_600_000)
    for (let call = 0; call < 3; call++) share.enter(0, t0)
    assert.strictEqual(share.wait(0, { requestsPerMinute: 10 }, t0), 60_000)
    assert.strictEqual(share.wait(0, { requestsPerMinute: 10 }, t0 + 60_000), 0)
  })

  it("leaves the others their places for a minute", () => {
    const share = new OwnShare(0.5, 0)
    share.assume({ ...nothing, others: 9, at: t0 }, none, t0)
    const places = { concurrency: 10 }
    assert.strictEqual(share.wait(0, places, t0), 0)
    share.enter(0, t0)
    assert.strictEqual(share.wait(0, places, t0 + 1), 59_999)
    assert.strictEqual(share.wait(0, places, t0 + 60_000), 0)
  })

  it("does not believe what was heard more than a minute ago, but for the day", () => {
    const share = new OwnShare(0.5, 0)
    share.assume({ requests: 10, tokens: 1_000, daily: 5_000, others: 5, at: t0 - 60_000 }, none, t0)
    assert.strictEqual(share.wait(10, { ...limits, tokensPerDay: undefined }, t0), 0)
    assert.isAbove(share.wait(10, limits, t0), 60_000)
  })

  it("believes the worse of what was heard twice", () => {
    const share = new OwnShare(0.5, 0)
    share.assume({ ...nothing, requests: 10, at: t0 }, none, t0)
    share.assume({ ...nothing, at: t0 }, none, t0 + 1_000)
    assert.strictEqual(share.wait(0, { requestsPerMinute: 10 }, t0 + 1_000), 60_000)
  })
})
