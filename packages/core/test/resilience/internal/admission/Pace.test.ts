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

  it("recovers a tenth of what one of the calls in a minute is worth", () => {
    const pace = refused(100)
    assert.strictEqual(pace.factor, 0.99)
    pace.recover(undefined, 100)
    assert.strictEqual(pace.factor, 0.99 + 0.1 / 100)
  })

  it("stays whole after a success", () => {
    const pace = new Pace()
    pace.recover(10, 1)
    assert.strictEqual(pace.factor, 1)
  })

  it("keeps a learned concurrency until it has recovered", () => {
    const pace = new Pace()
    pace.reduceConcurrency(undefined, 4)
    pace.recover(undefined, 1)
    assert.strictEqual(pace.concurrencyLimit(undefined), 5)
    for (let call = 0; call < 100; call++) pace.recover(undefined, 1)
    assert.strictEqual(pace.concurrencyLimit(undefined), Number.POSITIVE_INFINITY)
  })

  it("learns no concurrency under a known limit", () => {
    const pace = new Pace()
    pace.reduceConcurrency(10, 3)
    assert.strictEqual(pace.concurrency(10), 9)
    assert.strictEqual(pace.concurrencyLimit(undefined), Number.POSITIVE_INFINITY)
  })
})
