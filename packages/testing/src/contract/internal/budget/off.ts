/** A budget that is off. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { equal, isTrue } from "../expect.ts"
import { answer, callFor, type Service, stateOf, through } from "./Subject.ts"

export const register = (
  test: (name: string, test: (budget: Service) => Effect.Effect<void, unknown, Scope.Scope>) => void
): void => {
  test("makes a call of any cost", (budget) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(through(budget, () => Effect.succeed(answer(7)))(callFor(1_000_000)))
      isTrue(Exit.isSuccess(exit), "the call failed")
    }))

  test("makes a call whose price is not known", (budget) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(through(budget, () => Effect.succeed(answer(7)))(callFor(10, "unpriced")))
      isTrue(Exit.isSuccess(exit), "the call failed")
    }))

  test("accepts every price", (budget) =>
    Effect.gen(function* () {
      isTrue(Exit.isSuccess(yield* Effect.exit(budget.checkPrice(callFor(10, "unpriced")))), "the call failed")
    }))

  test("counts nothing", (budget) =>
    Effect.gen(function* () {
      yield* Effect.exit(through(budget, () => Effect.succeed(answer(7)))(callFor(10)))
      equal(yield* stateOf(budget), [])
    }))
}
