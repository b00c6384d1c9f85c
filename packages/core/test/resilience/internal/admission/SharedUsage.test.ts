import { assert, describe, it } from "@effect/vitest"
import type { Reply } from "../../../../src/resilience/internal/admission/AdmissionScript.ts"
import { SharedUsage } from "../../../../src/resilience/internal/admission/SharedUsage.ts"
import { forever, minute, t0 } from "../../support/account.ts"

const replied = (changes: Partial<Reply>): Reply => ({
  status: "ok",
  waitMillis: 0,
  uncertainMillis: 0,
  requests: 0,
  tokens: 0,
  daily: 0,
  inFlight: 0,
  ...changes
})

const margin = 1_000

describe("SharedUsage.report", () => {
  it("states the total of what was admitted without Redis", () => {
    const usage = new SharedUsage({}, 0.5, margin)
    usage.startLocally(100, t0)
    usage.startLocally(50, t0)
    const [from, to, lately] = usage.report(t0)
    assert.deepStrictEqual(from, { requests: 0, tokens: 0 })
    assert.deepStrictEqual(to, { requests: 2, tokens: 150 })
    assert.deepStrictEqual(lately, { requests: 2, tokens: 150, daily: 150 })
  })

  it("leaves out calls for which Redis has not replied", () => {
    const usage = new SharedUsage({ tokensPerDay: 1_000 }, 0.5, margin)
    usage.startPending(100, t0)
    usage.startPending(40, t0)
    assert.deepStrictEqual(usage.report(t0)[2], { requests: 0, tokens: 0, daily: 0 })
    usage.endPending(100)
    assert.deepStrictEqual(usage.report(t0)[2], { requests: 1, tokens: 100, daily: 100 })
  })

  it("continues from what Redis has confirmed", () => {
    const usage = new SharedUsage({}, 0.5, margin)
    usage.startLocally(100, t0)
    const [, sent] = usage.report(t0)
    usage.startLocally(50, t0)
    usage.confirm(sent, t0)
    assert.isTrue(usage.hasUnreported)
    const [from, to] = usage.report(t0)
    assert.deepStrictEqual([from, to], [sent, { requests: 2, tokens: 150 }])
    usage.confirm(to, t0)
    assert.isFalse(usage.hasUnreported)
  })
})

describe("SharedUsage.isUncertain", () => {
  it("lasts as long as the reply of Redis states", () => {
    const usage = new SharedUsage({}, 0.5, margin)
    usage.applyReply(replied({ uncertainMillis: 500 }), 0, t0)
    assert.isTrue(usage.isUncertain(t0 + 499))
    assert.isFalse(usage.isUncertain(t0 + 500))
  })

  it("is not shortened by a later reply", () => {
    const usage = new SharedUsage({}, 0.5, margin)
    usage.applyReply(replied({ uncertainMillis: 500 }), 0, t0)
    usage.applyReply(replied({}), 0, t0 + 100)
    assert.isTrue(usage.isUncertain(t0 + 499))
  })

  it("lasts a window after a report, until other processes have reported too", () => {
    const usage = new SharedUsage({}, 0.5, margin)
    usage.startLocally(0, t0)
    usage.confirm(usage.report(t0)[1], t0)
    assert.isTrue(usage.isUncertain(t0 + minute + margin - 1))
    assert.isFalse(usage.isUncertain(t0 + minute + margin))
  })
})

describe("SharedUsage.localWaitMillis", () => {
  it("leaves other processes the permits that this one does not hold", () => {
    const usage = new SharedUsage({ concurrency: 10 }, 1, 0)
    for (let call = 0; call < 6; call++) usage.start(0, t0)
    // Two of the five permits are those of this process.
    usage.applyReply(replied({ inFlight: 5 }), 2, t0)
    usage.applyLocalShare(t0)
    assert.strictEqual(usage.localWaitMillis(0, t0), 0)
    usage.start(0, t0)
    assert.strictEqual(usage.localWaitMillis(0, t0), minute)
  })

  it("is the whole share before Redis has replied once", () => {
    const usage = new SharedUsage({ requestsPerMinute: 4 }, 0.5, 0)
    usage.applyLocalShare(t0)
    usage.start(0, t0)
    assert.strictEqual(usage.localWaitMillis(0, t0), 0)
    usage.start(0, t0)
    assert.isAbove(usage.localWaitMillis(0, t0), 0)
    assert.notStrictEqual(usage.localWaitMillis(0, t0), forever)
  })
})
