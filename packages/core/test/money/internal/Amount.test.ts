import { assert, describe, it } from "@effect/vitest"
import { BigDecimal } from "effect"
import * as Amount from "../../../src/money/internal/Amount.ts"

const one = 10n ** BigInt(Amount.decimals)

describe("Amount.fromDecimal", () => {
  it("is exact up to twelve decimals", () => {
    assert.strictEqual(Amount.fromDecimal(BigDecimal.make(15n, 1)), (3n * one) / 2n)
    assert.strictEqual(Amount.fromDecimal(BigDecimal.make(3n, 12)), 3n)
  })

  it("rounds further decimals up", () => {
    assert.deepStrictEqual(
      [0n, 1n, 10n, 11n].map((value) => Amount.fromDecimal(BigDecimal.make(value, 13))),
      [0n, 1n, 1n, 2n]
    )
  })

  it("reads a scale below zero", () => {
    assert.strictEqual(Amount.fromDecimal(BigDecimal.make(2n, -3)), 2_000n * one)
  })
})

describe("Amount.toNumber", () => {
  const values = [0n, 1n, -7n, 123_456_789n, 9_007_199_254_740_991n, 9_007_199_254_740_993n, 10n ** 30n + 1n]
  const scales = [0, 1, 6, 12, 21, 22, 23, 30]
  const cases = values.flatMap((value) => scales.map((scale) => [value, scale] as const))

  it.each(cases)("is the nearest number of %s at scale %s", (value, scale) => {
    const decimal = BigDecimal.make(value, scale)
    assert.strictEqual(Amount.toNumber(decimal), BigDecimal.toNumberUnsafe(decimal))
  })

  it("reads a scale below zero", () => {
    assert.strictEqual(Amount.toNumber(BigDecimal.make(2n, -3)), 2_000)
  })
})
