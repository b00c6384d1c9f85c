import { assert, describe, it } from "@effect/vitest"
import { formatCost } from "../../../src/internal/simulator/format.ts"

const attempts = { count: 1, byTag: [] }

describe("formatCost", () => {
  it.each([
    ["12.345", "$12.35"],
    ["0", "$0.00"],
    ["0.00354", "$0.00354"],
    ["0.0000177", "$0.0000177"]
  ])("shows %s as %s", (total, expected) => {
    assert.strictEqual(formatCost({ attempts, cost: { currency: "USD", total, wasted: "0" } }, "total"), expected)
  })

  it.each([
    { case: "nothing was attempted", attempts: { count: 0, byTag: [] }, expected: "none" },
    { case: "the price is not known", attempts, expected: "price unknown" }
  ])("has no amount where $case", ({ attempts, expected }) => {
    assert.strictEqual(formatCost({ attempts, cost: { total: "0", wasted: "0" } }, "wasted"), expected)
  })
})
