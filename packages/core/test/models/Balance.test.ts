import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { BalanceResponse } from "../../src/models/Balance.ts"
import { refusal, throughText } from "../support/codec.ts"

const decode = Schema.decodeUnknownSync(BalanceResponse)
const data = { available_balance: 12.5, voucher_balance: 10, cash_balance: 2.5 }

describe("Balance", () => {
  it("reads the envelope with its three amounts", () => {
    const response = { code: 0, data, scode: "0x0", status: true }
    assert.deepStrictEqual(decode(response), response)
    assert.deepStrictEqual(decode(throughText(Schema.encodeSync(BalanceResponse)(decode(response)))), response)
  })

  it("reads negative cash", () => {
    const owed = { available_balance: 10, voucher_balance: 10, cash_balance: -0.5 }
    assert.deepStrictEqual(decode({ code: 0, data: owed, scode: null }), { code: 0, data: owed })
  })

  it("drops unknown members", () => {
    assert.deepStrictEqual(decode({ code: 0, data: { ...data, currency: "USD" }, trace: "t" }), { code: 0, data })
  })

  it("refuses an amount that is not a number", () => {
    assert.include(refusal(BalanceResponse, { code: 0, data: { ...data, cash_balance: "2.5" } }), "cash_balance")
    assert.include(refusal(BalanceResponse, { code: 0, data: { available_balance: 1 } }), "voucher_balance")
  })
})
