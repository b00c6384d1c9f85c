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
