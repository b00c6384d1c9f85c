/**
 * Reserves an amount in the store of a budget, by its rules for stores that are
 * unavailable.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { BudgetExceededError, BudgetStoreError } from "../../errors/MoneyErrors.ts"
import * as Amount from "./Amount.ts"
import type { BudgetContext } from "./BudgetContext.ts"
import type { Refusal } from "./budgetExceededError.ts"
import type { Claim } from "./Ledger.ts"
import type { Reservation } from "./ReservationManager.ts"

/**
 * The reservation of what no cap bounds, or what could not be counted.
 *
 * @category constants
 * @since 0.1.0
 */
export const untracked: Reservation = { amount: 0n, settle: () => Effect.void, settleNow: () => undefined }

interface Demand {
  readonly amount: bigint
  readonly claims: ReadonlyArray<Claim>
}

/** An amount above every cap is refused however large it is, and stores do not count further. */
const bounded = (amount: bigint): bigint => (amount > Amount.maxAmount ? Amount.maxAmount + 1n : amount)

/**
 * Reserves an amount in every scope or in none; `undefined` if it does not fit,
 * or if something has to be waited for. `canWait` is as in `reserveInStore`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const reserveNow = (
  { queue }: BudgetContext,
  { amount, claims }: Demand,
  canWait: boolean
): Reservation | undefined => {
  const result = queue.reserveNow(bounded(amount), claims, canWait)
  return result !== undefined && "settle" in result ? result : undefined
}

/**
 * Reserves an amount in every scope or in none. `canWait` is whether it waits
 * for running calls to settle, and `exceeded` makes the error of an amount that
 * does not fit.
 *
 * @category combinators
 * @since 0.1.0
 */
export const reserveInStore = (
  { onStoreError, queue, reservations }: BudgetContext,
  { amount, claims }: Demand,
  canWait: boolean,
  exceeded: (refusal: Refusal) => BudgetExceededError
): Effect.Effect<Reservation, BudgetExceededError | BudgetStoreError> => {
  const attempted = queue.reserve(bounded(amount), claims, canWait)
  const recovered =
    onStoreError === "refuse"
      ? attempted
      : Effect.catchTag(attempted, "BudgetStoreError", () => Effect.succeed(untracked))
  return Effect.flatMap(recovered, (result) => {
    if ("settle" in result) return Effect.succeed(result)
    // A store that replies is not an outage; otherwise new names would bypass every cap.
    return Effect.fail(result._tag === "ScopeLimitReached" ? reservations.scopeLimitError : exceeded(result))
  })
}
