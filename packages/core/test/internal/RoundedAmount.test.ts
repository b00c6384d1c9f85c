import { assert, describe, it } from "@effect/vitest"
import { roundedAmount } from "../../src/internal/RoundedAmount.ts"

describe("roundedAmount", () => {
  it.each([
    [0, "0.0000"],
    [12.345678, "12.3457"],
    [1, "1.0000"],
    [0.00354, "0.0035"],
    [0.001, "0.0010"],
    [0.0009, "0.0009"],
    [0.00012345, "0.000123"],
    [0.0000177, "0.0000177"],
    [1e-10, "0.0000000001"],
    [-0.0000177, "-0.0000177"]
  ])("shows %d with four decimals, or three digits, as %s", (amount, expected) => {
    assert.strictEqual(roundedAmount(amount, 4), expected)
  })

  it.each([
    [0.1, "0.10"],
    [0.0519, "0.0519"],
    [0.05, "0.05"],
    [0.004, "0.004"],
    [123.456, "123.46"]
  ])("shows %d with two decimals, or three digits, as %s", (amount, expected) => {
    assert.strictEqual(roundedAmount(amount, 2), expected)
  })

  it("shows the smallest number", () => {
    assert.match(roundedAmount(Number.MIN_VALUE, 4), /^0\.0{4}/)
  })
})
