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
import type { Restore } from "../../pipeline/internal/StreamGuard.ts"
import * as Stage from "../../pipeline/Stage.ts"
import type * as AccountBalance from "./AccountBalance.ts"
import type { OpenCallBudget } from "./OpenCallBudget.ts"

const withCallBudget = (call: Call, budget: CallBudget): Call => {
  const state = call.state ?? {}
  state.budget = budget
  return { ...call, state }
}

/**
 * Checks the balance, then opens the budget of a call, which has to be closed.
 * Only the check runs in `restore`.
 *
 * @category models
 * @since 0.1.0
 */
export type Open = (
  call: Call,
  read: AccountBalance.Reader | undefined,
  restore: Restore
) => Effect.Effect<OpenCallBudget, BudgetError>

/**
 * Opens the budget of a call until the scope closes.
 *
 * @category combinators
 * @since 0.1.0
 */
export const openScoped = (
  open: Open,
  call: Call,
  read: AccountBalance.Reader | undefined
): Effect.Effect<CallBudget, BudgetError, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.tap(open(call, read, restore), (budget) => Effect.addFinalizer(() => budget.close))
  )

/**
 * The stage of a budget, by how it is opened.
 *
 * @category stages
 * @since 0.1.0
 */
export const stage = (
  open: Open,
  options: Stage.Stage["options"],
  balanceOf: ((call: Call) => AccountBalance.Reader | undefined) | undefined
): Stage.Stage =>
  Stage.make("budget", {
    effect: (inner) => (call) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(open(call, balanceOf?.(call), restore), (budget) =>
          Effect.onExit(restore(inner(withCallBudget(call, budget))), () => budget.close)
        )
      ),
    stream: (inner) => (call) =>
      Stream.unwrap(
        Effect.map(openScoped(open, call, balanceOf?.(call)), (budget) => inner(withCallBudget(call, budget)))
      ),
    options
  })
