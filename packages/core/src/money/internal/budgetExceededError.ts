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
import type { ScopeBalance } from "./Ledger.ts"

/** The members of a refusal in this scope, for `subject`. */
export const exceededMembers = (
  subject: string,
  { cap, reserved, scope, spent, waitedMillis = 0 }: ScopeBalance & { readonly waitedMillis?: number },
  amount: bigint
) => {
  const { currency, scope: name } = BudgetEvent.parseScopeKey(scope)
  const format = (value: bigint) => Cost.format({ currency, total: Amount.toDecimal(value) })
  const left = cap - spent - reserved
  const wait =
    waitedMillis === 0 ? "" : `after a wait of ${Duration.format(Duration.millis(Math.round(waitedMillis)))}, `
  return {
    message: `The worst-case cost of ${subject}, ${format(amount)}, exceeds what remains under the cap of ${name}: ${wait}${format(left < 0n ? 0n : left)} of ${format(cap)} (${format(spent)} spent, ${format(reserved)} reserved for running calls); nothing was sent. Raise the cap, set max_completion_tokens, or configure defaultOutputTokens`,
    scope: name,
    currency,
    cap: Amount.toDecimal(cap),
    spent: Amount.toDecimal(spent),
    reserved: Amount.toDecimal(reserved),
    requested: Amount.toDecimal(amount)
  }
}

/**
 * The error of a call with a worst-case cost of `amount`, refused in this scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const budgetExceededError = (
  { provider, request }: Call,
  balance: ScopeBalance & { readonly waitedMillis: number },
  amount: bigint
) => new BudgetExceededError({ provider, model: request.model, ...exceededMembers("the call", balance, amount) })
