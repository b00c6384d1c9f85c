import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type * as Budget from "../../src/money/Budget.ts"
import { answer, callFor, makeBudget, stages, stateOf } from "./support/budget.ts"

const total = { amount: "100", currency: "USD" } as const

describe("the currencies of Budget", () => {
  const yuan = callFor(10, { model: "yuan" })
  const ask = (budget: Budget.Budget["Service"]) => stages(budget).effect(() => Effect.succeed(answer(10)))

  it.effect("refuses a call without a cap in its currency", () =>
    Effect.gen(function* () {
      const dollars = yield* makeBudget({ caps: [total] })
      const error = yield* Effect.flip(ask(dollars)(yuan))
      assert.strictEqual(error._tag, "UnknownPriceError")
      assert.include(error.message, "is in CNY, in which total has no cap")
      assert.strictEqual(error.hint, "Set the cap in CNY, the currency of the price, and not in USD alone.")
    })
  )

  it.effect("separates dollars from yuan", () =>
    Effect.gen(function* () {
      const both = yield* makeBudget({ caps: [total, { amount: "20", currency: "CNY" }] })
      yield* ask(both)(yuan)
      yield* ask(both)(callFor(30))
      assert.deepStrictEqual(yield* stateOf(both), ["total 10+0/20", "total 10+0/100"])
    })
  )

  it.effect("allows a call without a cap in its currency if unknown prices are allowed", () =>
    Effect.gen(function* () {
      const allowing = yield* makeBudget({ caps: [total], onUnknownPrice: "allow" })
      yield* ask(allowing)(yuan)
      assert.deepStrictEqual(yield* stateOf(allowing), [])
    })
  )
})
