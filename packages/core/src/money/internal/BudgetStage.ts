/**
 * The stage that opens the budget of a call for as long as the call runs.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { BudgetError } from "../../errors/OperationErrors.ts"
import type { Call, CallBudget } from "../../pipeline/Call.ts"
import * as Stage from "../../pipeline/Stage.ts"
import type * as AccountBalance from "./AccountBalance.ts"

const withCallBudget = (call: Call, budget: CallBudget): Call => {
  const state = call.state ?? {}
  state.budget = budget
  return { ...call, state }
}

/**
 * The stage of a budget, by how it is opened.
 *
 * @category stages
 * @since 0.1.0
 */
export const make = (
  open: (call: Call, balance?: AccountBalance.Reader) => Effect.Effect<CallBudget, BudgetError, Scope.Scope>,
  options: Stage.Stage["options"],
  balanceOf: ((call: Call) => AccountBalance.Reader | undefined) | undefined
): Stage.Stage =>
  Stage.make("budget", {
    effect: (inner) => (call) =>
      Effect.scoped(Effect.flatMap(open(call, balanceOf?.(call)), (budget) => inner(withCallBudget(call, budget)))),
    stream: (inner) => (call) =>
      Stream.unwrap(Effect.map(open(call, balanceOf?.(call)), (budget) => inner(withCallBudget(call, budget)))),
    options
  })
