import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import * as AdmissionRefusals from "../../../../src/resilience/internal/admission/AdmissionRefusals.ts"
import { overloaded, refused } from "../../support/account.ts"

const blocked = (block: Omit<AdmissionRefusals.Block, "waitMillis">, remainingMillis = 5_000) =>
  AdmissionRefusals.blocked("moonshot", { waitMillis: 20_000, ...block }, remainingMillis)

describe("AdmissionRefusals.blocked", () => {
  const reasons: ReadonlyArray<readonly [Omit<AdmissionRefusals.Block, "waitMillis">, string]> = [
    [{ refusal: overloaded() }, "the host has asked for a pause"],
    [{ refusal: refused("unknown"), rate: "tokensPerDay" }, "the host has asked for a pause"],
    [{}, "the account is paused or used by others"],
    [{ rate: "requestsPerMinute", limit: 3 }, "its 3 requests per minute are used"],
    [{ rate: "tokensPerMinute", limit: 500 }, "its 500 tokens per minute are used"],
    [{ rate: "tokensPerDay", limit: 9_000 }, "its 9000 tokens per day are used"],
    [{ rate: "requestsPerMinute" }, "its requests per minute are used"],
    [{ rate: "tokensPerDay" }, "its tokens per day are used"]
  ]

  for (const [block, reason] of reasons) {
    it(`states that ${reason} (${block.refusal?._tag ?? "no refusal"})`, () => {
      assert.strictEqual(
        blocked(block).message,
        `moonshot admits the call in 20s (${reason}), but its deadline ends in 5s`
      )
    })
  }

  it("has the kind of the limit that is used up", () => {
    assert.deepInclude({ ...blocked({ rate: "tokensPerMinute" }) }, { kind: "tokens per minute" })
  })

  it("has the kind of the refusal that pauses the account", () => {
    assert.deepInclude({ ...blocked({ refusal: refused("concurrency") }) }, { kind: "concurrency" })
  })

  it("has an unknown kind if nothing is known about the pause of another process", () => {
    assert.deepInclude({ ...blocked({}) }, { _tag: "RateLimitError", kind: "unknown" })
  })

  it("has no limit if none is known", () => {
    assert.notProperty(blocked({ rate: "tokensPerDay" }), "limit")
  })

  it("states no negative time of a deadline that has passed", () => {
    assert.include(blocked({}, -1).message, "its deadline ends in 0")
  })
})

describe("AdmissionRefusals.isBlocked", () => {
  it("recognizes the errors of this module", () => {
    for (const block of [{}, { refusal: overloaded() }, { rate: "tokensPerDay" as const }]) {
      assert.isTrue(AdmissionRefusals.isBlocked(blocked(block)))
    }
  })

  it("does not take the refusal of a host for one", () => {
    assert.isFalse(AdmissionRefusals.isBlocked(refused("unknown")))
  })

  it("accepts any value", () => {
    for (const value of [undefined, null, "text", 0, {}]) assert.isFalse(AdmissionRefusals.isBlocked(value))
  })
})

describe("AdmissionRefusals.timeout", () => {
  it("states how long the call has waited", () => {
    const { message } = AdmissionRefusals.timeout("moonshot", Duration.seconds(10), Duration.seconds(1))
    assert.strictEqual(message, "The limits of moonshot had no capacity for the call within 10s")
  })
})

describe("AdmissionRefusals.queueFull", () => {
  it("states how many calls wait", () => {
    const { message } = AdmissionRefusals.queueFull("moonshot", 3, Duration.seconds(1))
    assert.strictEqual(message, "3 calls are already waiting for moonshot")
  })
})
