import { assert, describe, it } from "@effect/vitest"
import type { Reply } from "../../../../src/resilience/internal/admission/AdmissionScript.ts"
import * as RedisRefusal from "../../../../src/resilience/internal/admission/RedisRefusal.ts"
import { forever, t0 } from "../../support/account.ts"

const refused = (status: Reply["status"], waitMillis: number, tokens = 50): RedisRefusal.RedisRefusal =>
  RedisRefusal.fromReply(
    { status, waitMillis, rate: "tokensPerMinute", uncertainMillis: 0, requests: 0, tokens: 0, daily: 0, inFlight: 0 },
    tokens,
    t0
  )

describe("RedisRefusal.waitMillis", () => {
  it("delays no call before a refusal", () => {
    assert.strictEqual(RedisRefusal.waitMillis(RedisRefusal.none, 0, t0, forever), 0)
  })

  it("delays no call that is smaller than the refused one", () => {
    assert.strictEqual(RedisRefusal.waitMillis(refused("wait", 300), 49, t0, forever), 0)
    assert.strictEqual(RedisRefusal.waitMillis(refused("wait", 300), 50, t0, forever), 300)
  })

  it("delays calls of every size for a poll while all permits are taken", () => {
    const full = refused("full", 5_000)
    assert.strictEqual(RedisRefusal.waitMillis(full, 0, t0, forever), 50)
    assert.strictEqual(RedisRefusal.waitMillis(full, 500, t0 + 49, forever), 1)
  })

  it("asks Redis again after at least 50 milliseconds", () => {
    assert.strictEqual(RedisRefusal.waitMillis(refused("wait", 20), 50, t0, forever), 50)
  })

  it("asks Redis again after at most a second, since others may give up", () => {
    assert.strictEqual(RedisRefusal.waitMillis(refused("wait", 5_000), 50, t0, t0 + 5_001), 1_000)
    assert.strictEqual(RedisRefusal.waitMillis(refused("wait", 5_000), 50, t0 + 1_000, t0 + 3_000), 0)
  })

  it("is the whole wait if there is no capacity before the deadline of the call", () => {
    assert.strictEqual(RedisRefusal.waitMillis(refused("wait", 5_000), 50, t0, t0 + 5_000), 5_000)
    assert.strictEqual(RedisRefusal.waitMillis(refused("wait", 5_000), 50, t0 + 100, t0 + 1_000), 4_900)
  })
})

describe("RedisRefusal.recheckMillis", () => {
  it("needs no decision about a call that has timed out by then", () => {
    assert.strictEqual(RedisRefusal.recheckMillis(300, t0, t0 + 301), 300)
    assert.strictEqual(RedisRefusal.recheckMillis(300, t0, t0 + 300), forever)
  })
})

describe("RedisRefusal.blockOf", () => {
  it("names the limit that is used up, with the wait that is left", () => {
    assert.deepStrictEqual(RedisRefusal.blockOf(refused("wait", 5_000), 50, t0 + 1_000), {
      waitMillis: 4_000,
      rate: "tokensPerMinute"
    })
  })

  it("blocks no call that is smaller than the refused one", () => {
    assert.isUndefined(RedisRefusal.blockOf(refused("wait", 5_000), 49, t0))
  })

  it("blocks no call after the wait", () => {
    assert.isUndefined(RedisRefusal.blockOf(refused("wait", 5_000), 50, t0 + 5_000))
  })

  it("blocks no call while all permits are taken, since any call may end", () => {
    assert.isUndefined(RedisRefusal.blockOf(refused("full", 5_000), 50, t0))
  })
})
