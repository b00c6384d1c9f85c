import { assert, describe, it } from "@effect/vitest"
import { BigDecimal } from "effect"
import { readHead } from "../../../../src/node/internal/batch/outputLine.ts"

const line = (members: { readonly line?: string; readonly cost?: string } = {}) =>
  readHead(
    `{"id":"a \\"b\\"","line":${members.line ?? "12"},"error_tag":null,"cost":${members.cost ?? '{"USD":"0.5"}'},"attempts":1}`
  )

describe("readHead", () => {
  it("reads an answered row", () => {
    assert.deepStrictEqual(line(), {
      idText: '"a \\"b\\""',
      line: 12,
      tag: undefined,
      currency: "USD",
      cost: BigDecimal.fromStringUnsafe("0.5")
    })
  })

  it("reads a very small cost", () => {
    assert.deepStrictEqual(line({ cost: '{"CNY":"1e-17"}' })?.cost, BigDecimal.make(1n, 17))
  })

  it("refuses a cost that is not an amount", () => {
    for (const cost of ["?", "-1", "1e999", "1e-999999999", "1-1"])
      assert.isUndefined(line({ cost: `{"USD":"${cost}"}` }), cost)
  })

  // The lines that are done are kept in a bit each, up to the last.
  it("refuses a number that no line has", () => {
    for (const number of ["0", "2147483648", "99999999999999999999"]) assert.isUndefined(line({ line: number }), number)
    assert.strictEqual(line({ line: "2147483647" })?.line, 2_147_483_647)
  })
})
