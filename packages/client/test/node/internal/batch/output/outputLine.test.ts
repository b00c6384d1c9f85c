import { assert, describe, it } from "@effect/vitest"
import { BigDecimal } from "effect"
import { idOf, readHead } from "../../../../../src/node/internal/batch/output/outputLine.ts"

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

  it("reads a line that another program has written again", () => {
    const row = { attempts: 1, cost: { CNY: "0.5" }, error_tag: "RateLimitError", line: 3, id: "größe" }
    const head = readHead(Buffer.from(JSON.stringify(row, null, 1).replaceAll("\n", " ")).toString("latin1"))
    assert.deepInclude(head, {
      line: 3,
      tag: "RateLimitError",
      currency: "CNY",
      cost: BigDecimal.fromStringUnsafe("0.5")
    })
    assert.strictEqual(head && idOf(head), "größe")
  })

  it("refuses an object that is no row", () => {
    const row = { id: "a", line: 1, error_tag: null, cost: null }
    assert.isDefined(readHead(JSON.stringify({ ...row, attempts: 1 })))
    for (const name of Object.keys(row)) {
      assert.isUndefined(readHead(JSON.stringify({ ...row, [name]: undefined })), name)
    }
    for (const cost of [{ USD: "" }, { USD: 1 }, { EUR: "1" }, "1"]) {
      assert.isUndefined(readHead(JSON.stringify({ ...row, cost })), JSON.stringify(cost))
    }
    assert.isUndefined(readHead(JSON.stringify({ attempts: 1, ...row, error_tag: "" })))
  })
})
