/** Costs that are not those of a call of a model. */
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import { equal, failureOf } from "../expect.ts"
import { stateOf, type Subject, total } from "./Subject.ts"

const dollars = (amount: number): BigDecimal.BigDecimal => BigDecimal.fromBigInt(BigInt(amount))

const expense = (amount: number) => ({ tool: "search", cost: { currency: "USD" as const, total: dollars(amount) } })

export const register = ({ test }: Pick<Subject, "test">): void => {
  test("charges what an expense is settled with", total, (budget) =>
    Effect.gen(function* () {
      const { settle } = yield* budget.reserve(expense(40))
      equal(yield* stateOf(budget), ["total 0+40/100"])
      yield* settle(dollars(7))
      equal(yield* stateOf(budget), ["total 7+0/100"])
    })
  )

  test("charges an expense that is not settled in full", total, (budget) =>
    Effect.gen(function* () {
      yield* Effect.scoped(budget.reserve(expense(40)))
      equal(yield* stateOf(budget), ["total 40+0/100"])
    })
  )

  test("refuses an expense that exceeds the cap", total, (budget) =>
    Effect.gen(function* () {
      const error = yield* failureOf(Effect.scoped(budget.reserve(expense(101))), "the expense was reserved")
      equal(error._tag, "BudgetExceededError")
    })
  )
}
