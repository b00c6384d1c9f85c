/**
 * The error of a call that does not fit: its price, what remains, and the fix.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { BudgetExceededError } from "../../errors/MoneyErrors.ts"
import type { Call } from "../../pipeline/Call.ts"
import * as Cost from "../Cost.ts"
import * as Amount from "./Amount.ts"
import * as BudgetEvent from "./BudgetEvent.ts"
import type { Expense } from "./ExpenseReservation.ts"
import type { ScopeBalance } from "./Ledger.ts"

/**
 * The state of the scope that refused an amount.
 *
 * @category models
 * @since 0.1.0
 */
export type Refusal = ScopeBalance & { readonly waitedMillis: number }

/** What did not fit, and the words for it. */
interface Refused {
  /** The amount and what it is for. */
  readonly subject: string
  /** What did not happen, and what to change. */
  readonly fix: string
  readonly of: { readonly provider?: string; readonly model?: string }
}

const errorOf = (
  { cap, reserved, scope, spent, waitedMillis }: Refusal,
  amount: bigint,
  words: (amount: string) => Refused
): BudgetExceededError => {
  const { currency, scope: name } = BudgetEvent.parseScopeKey(scope)
  const format = (value: bigint) => Cost.format({ currency, total: Amount.toDecimal(value) })
  const left = cap - spent - reserved
  const wait =
    waitedMillis === 0 ? "" : `after a wait of ${Duration.format(Duration.millis(Math.round(waitedMillis)))}, `
  const { fix, of, subject } = words(format(amount))
  return new BudgetExceededError({
    message: `${subject}, exceeds what remains under the cap of ${name}: ${wait}${format(left < 0n ? 0n : left)} of ${format(cap)} (${format(spent)} spent, ${format(reserved)} reserved for running calls); ${fix}`,
    ...of,
    scope: name,
    currency,
    cap: Amount.toDecimal(cap),
    spent: Amount.toDecimal(spent),
    reserved: Amount.toDecimal(reserved),
    requested: Amount.toDecimal(amount)
  })
}

/**
 * The error of a call with a worst-case cost of `amount`, refused in this scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const budgetExceededError = (
  { provider, request: { model } }: Call,
  refusal: Refusal,
  amount: bigint
): BudgetExceededError =>
  errorOf(refusal, amount, (text) => ({
    subject: `The worst-case cost of the call, ${text}`,
    fix: "nothing was sent",
    of: { provider, model }
  }))

/**
 * The error of a tool's call with a cost of `amount`, refused in this scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const expenseExceededError = (
  { provider, tool }: Expense,
  refusal: Refusal,
  amount: bigint
): BudgetExceededError =>
  errorOf(refusal, amount, (text) => ({
    subject: `The cost of the tool ${tool}, ${text}`,
    fix: "it was not run. Raise the cap",
    of: provider === undefined ? {} : { provider }
  }))

/**
 * The error of work at a host with a worst-case cost of `amount`, refused in this scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const holdExceededError = (
  of: { readonly provider: string; readonly model: string },
  refusal: ScopeBalance,
  amount: bigint
): BudgetExceededError =>
  errorOf({ ...refusal, waitedMillis: 0 }, amount, (text) => ({
    subject: `The worst-case cost of work at the host, ${text}`,
    fix: "nothing was sent",
    of
  }))
