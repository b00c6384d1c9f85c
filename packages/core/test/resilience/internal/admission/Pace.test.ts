import { assert, describe, it } from "@effect/vitest"
import { Pace } from "../../../../src/resilience/internal/admission/Pace.ts"

/** After refusals at so many calls in a minute. */
const refused = (...callsPerMinute: ReadonlyArray<number>): Pace => {
  const pace = new Pace()
  for (const calls of callsPerMinute) pace.reduceRates(calls)
  return pace
}

describe("a pace", () => {
  it("keeps whole calls a minute", () => {
    assert.strictEqual(refused(10).rate(3, 0), 3)
  })

  it("rounds no product up that exceeds a whole number only in its last digits", () => {
    // 0.9 * 0.9 * 300 is 243.00000000000003 in floating point.
    assert.strictEqual(refused(10, 10).rate(300, 0), 243)
  })

  it("allows the largest call", () => {
    assert.strictEqual(refused(10, 10, 10).rate(1_000, 990), 990)
  })
})
