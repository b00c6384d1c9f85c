import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import {
  findLoose,
  findUnmatched,
  findWorse,
  limitOf,
  margin,
  merge,
  type Ratio
} from "../../src/compare/Comparison.ts"

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

describe("limits that are too loose", () => {
  it("are those beyond twice the best run", () => {
    assert.deepStrictEqual(findLoose([cost(1, 1.5), cost(1, 1.6)]), [cost(1, 1.6)])
  })

  it("are those below half of the best run where higher is better", () => {
    assert.deepStrictEqual(findLoose([gain(16, 10), gain(15, 10)]), [gain(16, 10)])
  })
})

describe("committed ratios of transport", () => {
  const committed: ReadonlyArray<Ratio> = JSON.parse(
    readFileSync(new URL("../../results/transport.json", import.meta.url), "utf8")
  ).ratios
  const alone = committed.filter(({ name }) => name.startsWith("CPU per chat, one at a time"))

  it("notice that a chat, one at a time, takes twice its CPU", () => {
    const slower = alone.map((ratio) => ({ ...ratio, values: ratio.values.map((value) => value * 2) }))
    assert.deepStrictEqual(
      findWorse(alone, slower).map(({ name }) => name),
      alone.map(({ name }) => name)
    )
    assert.isAbove(alone.length, 2)
  })

  it("accept a chat as it was measured", () => {
    assert.deepStrictEqual(findWorse(alone, alone), [])
  })
})

describe("runs", () => {
  it("keep the values of each ratio in order", () => {
    assert.deepStrictEqual(merge([cost(1), gain(5)], [gain(6), cost(2)]), [gain(5, 6), cost(1, 2)])
  })
})
