/**
 * The reservation of a cost that is known before it arises and is not that of a
 * call of a model, such as the price of a tool's call.
 *
 * @since 0.1.0
 */
import type * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { UnknownPriceError } from "../../errors/MoneyErrors.ts"
import type { BudgetError } from "../../errors/OperationErrors.ts"
import type * as Cost from "../Cost.ts"
import * as Amount from "./Amount.ts"
import * as BudgetCaps from "./BudgetCaps.ts"
import type { BudgetContext } from "./BudgetContext.ts"
import { expenseExceededError } from "./budgetExceededError.ts"
import type { Claim } from "./Ledger.ts"
import type { Reservation } from "./ReservationManager.ts"
import { reserveInStore, untracked } from "./reserveInStore.ts"

/**
 * A cost that is not that of a call of a model.
 *
 * @category models
 * @since 0.1.0
 */
export interface Expense {
  /** What costs it: the name of the tool. */
  readonly tool: string
  readonly cost: Pick<Cost.Cost, "currency" | "total">
  /** The host that charges for it, by the id of its provider description. Absent if it is none of a model. */
  readonly provider?: string | undefined
}

/**
 * The amount that is reserved for an expense.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExpenseReservation {
  /** Charges an amount and releases the rest, once. */
  readonly settle: (charged: BigDecimal.BigDecimal) => Effect.Effect<void>
}

/** The scopes that an expense counts in; none if no cap applies to it. */
const claimsOf = (
  context: BudgetContext,
  tags: BudgetCaps.Tags,
  { cost: { currency }, provider, tool }: Expense
): Effect.Effect<ReadonlyArray<Claim>, UnknownPriceError> => {
  if (!context.isCapped(tags)) return Effect.succeed([])
  const claims = context.claimsOf(tags, currency, context.calendar(context.clock.currentTimeMillisUnsafe()))
  if (claims._tag === "Claims") return Effect.succeed(claims.claims)
  if (context.onUnknownPrice === "allow") return Effect.succeed([])
  const { fix, reason } = BudgetCaps.describeMismatch(claims, currency)
  return Effect.fail(
    new UnknownPriceError({
      message: `The price of the tool ${tool} ${reason}; it was not run`,
      fix,
      ...(provider === undefined ? {} : { provider })
    })
  )
}

const scoped = (reservation: Reservation): Effect.Effect<ExpenseReservation, never, Scope.Scope> =>
  Effect.as(
    // It settles once, so this charges only what was not settled.
    Effect.addFinalizer(() => reservation.settle(reservation.amount)),
    { settle: (charged) => reservation.settle(Amount.fromDecimal(charged)) }
  )

/**
 * Reserves an expense until the scope closes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const reserve = (
  context: BudgetContext,
  tags: BudgetCaps.Tags,
  expense: Expense
): Effect.Effect<ExpenseReservation, BudgetError, Scope.Scope> =>
  Effect.uninterruptible(
    Effect.flatMap(claimsOf(context, tags, expense), (claims) => {
      const amount = Amount.fromDecimal(expense.cost.total)
      const reserved =
        claims.length === 0
          ? Effect.succeed(untracked)
          : reserveInStore(context, { amount, claims }, true, (balance) =>
              expenseExceededError(expense, balance, amount)
            )
      return Effect.flatMap(reserved, scoped)
    })
  )
