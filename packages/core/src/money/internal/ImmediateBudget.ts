/**
 * Budgets of calls that reserve and settle without an effect where nothing has
 * to be waited for.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { BudgetError } from "../../errors/OperationErrors.ts"
import type { Usage } from "../../models/Usage.ts"
import type { AttemptReservation, Call, CallBudget } from "../../pipeline/Call.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface ImmediateReservation extends AttemptReservation {
  /** Settles as far as nothing has to be waited for, and returns the rest; `undefined` if there is none. */
  readonly settleNow: (usage: Usage | undefined) => Effect.Effect<void> | undefined
}

/**
 * A class, and not a member of every budget: a copy of a budget with another
 * `reserve` must not have it.
 *
 * @category models
 * @since 0.1.0
 */
export abstract class ImmediateBudget implements CallBudget {
  abstract get lostAttempts(): CallBudget["lostAttempts"]

  abstract reserve(attempt: Call): Effect.Effect<AttemptReservation, BudgetError>

  /** Reserves at once; `undefined` if `reserve` has to wait or fail, and then nothing is reserved. */
  abstract reserveNow(attempt: Call): ImmediateReservation | undefined
}
