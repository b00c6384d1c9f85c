import { assert, describe, it } from "vitest"
import { median, summarize, toJson, toTable } from "../../src/harness/Figure.ts"

describe("median", () => {
  it("is the middle value of an odd number of values", () => {
    assert.strictEqual(median([3, 1, 2]), 2)
  })

  it("is between the two middle values of an even number of values", () => {
    assert.strictEqual(median([4, 1, 3, 2]), 2.5)
  })
})

describe("summary of rounds", () => {
  it("has the quartiles next to the median", () => {
    assert.deepStrictEqual(summarize([5, 1, 4, 2, 3]), { value: 3, quartiles: [2, 4] })
  })

  it("interpolates quartiles between two rounds", () => {
    assert.deepStrictEqual(summarize([1, 2]), { value: 1.5, quartiles: [1.25, 1.75] })
  })

  it("has no spread for a single round", () => {
    assert.deepStrictEqual(summarize([7]), { value: 7 })
  })
})

describe("figure", () => {
  const figure = { name: "cost", unit: "x", ...summarize([1, 2, 3]) }

  it("has its spread in the table", () => {
    assert.strictEqual(toTable([figure]), "cost  2 x (1.5–2.5)")
  })

  it("has its spread in the JSON", () => {
    assert.deepStrictEqual(JSON.parse(toJson("any", [figure])).figures[0].quartiles, [1.5, 2.5])
  })
})
