/** Calls whose budget is opened without the stage. */
import * as Effect from "effect/Effect"
import { equal, failureOf } from "../expect.ts"
import { answer, callFor, stateOf, type Subject, total } from "./Subject.ts"

export const register = ({ test }: Pick<Subject, "test">): void => {
  test("reserves the worst case of an opened call until its scope closes", total, (budget) =>
    Effect.gen(function* () {
      const during = yield* Effect.scoped(Effect.andThen(budget.open(callFor(20)), stateOf(budget)))
      equal([during, yield* stateOf(budget)], [["total 0+20/100"], ["total 0+0/100"]])
    })
  )

  test("charges what an attempt of an opened call used", total, (budget) =>
    Effect.gen(function* () {
      const call = callFor(21)
      const opened = yield* budget.open(call)
      const { settle } = yield* opened.reserve(call)
      yield* settle(answer(7).usage)
      equal(yield* stateOf(budget), ["total 7+0/100"])
    })
  )

  test("refuses to open a call that exceeds the cap", total, (budget) =>
    Effect.gen(function* () {
      const error = yield* failureOf(Effect.scoped(budget.open(callFor(102))), "the call was opened")
      equal(error._tag, "BudgetExceededError")
    })
  )
}
