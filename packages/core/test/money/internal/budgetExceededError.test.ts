import { assert, describe, it } from "@effect/vitest"
import { BigDecimal } from "effect"
import * as Amount from "../../../src/money/internal/Amount.ts"
import {
  budgetExceededError,
  expenseExceededError,
  holdExceededError
} from "../../../src/money/internal/budgetExceededError.ts"
import { callFor } from "../support/budget.ts"

const dollars = (amount: string) => Amount.fromDecimal(BigDecimal.fromStringUnsafe(amount))

const refusal = (spent: string, reserved: string, waitedMillis = 0) => ({
  scope: "USD tenant:acme",
  cap: dollars("100"),
  spent: dollars(spent),
  reserved: dollars(reserved),
  waitedMillis
})

describe("a refusal of a budget", () => {
  it("states what remains", () => {
    assert.strictEqual(
      budgetExceededError(callFor(1), refusal("60", "30"), dollars("20")).message,
      "The worst-case cost of the call, $20, exceeds what remains under the cap of tenant:acme: $10 of $100 ($60 spent, $30 reserved for running calls); nothing was sent"
    )
  })

  it("states the time that the call has waited", () => {
    assert.include(
      budgetExceededError(callFor(1), refusal("60", "30", 1_500), dollars("20")).message,
      "tenant:acme: after a wait of 1s 500ms, $10 of $100"
    )
  })

  it("states that nothing remains when more was spent than the cap", () => {
    assert.include(
      budgetExceededError(callFor(1), refusal("120", "0"), dollars("20")).message,
      "tenant:acme: $0 of $100 ($120 spent"
    )
  })

  it("has the model of a call", () => {
    const { cap, currency, model, provider, requested, reserved, scope, spent } = budgetExceededError(
      callFor(1),
      refusal("60", "30"),
      dollars("20")
    )
    assert.deepStrictEqual([provider, model, scope, currency], ["host", "dollar-a-token", "tenant:acme", "USD"])
    assert.deepStrictEqual([cap, spent, reserved, requested].map(BigDecimal.format), ["100", "60", "30", "20"])
  })

  it("has the host of a tool", () => {
    const cost = { currency: "USD" as const, total: BigDecimal.fromBigInt(20n) }
    const of = (provider?: string) =>
      expenseExceededError({ tool: "search", cost, provider }, refusal("0", "0"), dollars("20")).provider
    assert.deepStrictEqual([of("host"), of()], ["host", undefined])
  })

  it("has the host of work that the host runs", () => {
    const error = holdExceededError({ provider: "host", model: "m" }, refusal("90", "0"), dollars("20"))
    assert.deepStrictEqual([error.provider, error.model], ["host", "m"])
    assert.match(
      error.message,
      /^The worst-case cost of work at the host, \$20, .*: \$10 of \$100 .*; nothing was sent$/
    )
  })
})
