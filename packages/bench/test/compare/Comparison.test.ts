import { assert, describe, it } from "vitest"
import { findUnmatched, findWorse, limitOf, margin, merge, type Ratio } from "../../src/compare/Comparison.ts"

const cost = (...values: ReadonlyArray<number>): Ratio => ({ name: "cost", values })
const gain = (...values: ReadonlyArray<number>): Ratio => ({ name: "gain", values, isHigherBetter: true })

describe("limit", () => {
  it("is beyond the worst committed run by the margin", () => {
    assert.strictEqual(limitOf(cost(1, 2, 1.5)), 2 * (1 + margin))
  })

  it("is below the worst committed run where higher is better", () => {
    assert.strictEqual(limitOf(gain(4, 2, 3)), 2 / (1 + margin))
  })
})

describe("comparison", () => {
  it("finds a cost that is beyond its limit", () => {
    assert.deepStrictEqual(findWorse([cost(1)], [cost(1.5)]), [{ name: "cost", best: 1.5, limit: 1 + margin }])
  })

  it("accepts a cost at its limit", () => {
    assert.deepStrictEqual(findWorse([cost(1)], [cost(1 + margin)]), [])
  })

  it("accepts a cost that is within its limit in one of several runs", () => {
    assert.deepStrictEqual(findWorse([cost(1)], [cost(1.5, 1.1, 1.5)]), [])
  })

  it("finds a gain that is below its limit in every run", () => {
    assert.deepStrictEqual(findWorse([gain(23)], [gain(10, 15)]), [
      { name: "gain", best: 15, limit: 23 / (1 + margin) }
    ])
  })

  it("accepts a gain that has become higher", () => {
    assert.deepStrictEqual(findWorse([gain(20)], [gain(60)]), [])
  })

  it("names the ratios that are on one side only", () => {
    assert.deepStrictEqual(findUnmatched([cost(1)], [gain(1)]), ["cost", "gain"])
  })
})

describe("runs", () => {
  it("keep the values of each ratio in order", () => {
    assert.deepStrictEqual(merge([cost(1), gain(5)], [gain(6), cost(2)]), [gain(5, 6), cost(1, 2)])
  })
})
