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

/**
 * The error of a call with a worst-case cost of `amount`, refused in this scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const budgetExceededError = (
  { provider, request }: Call,
  { cap, reserved, scope, spent, waitedMillis }: ScopeBalance & { readonly waitedMillis: number },
  amount: bigint
) => {
  const { currency, scope: name } = BudgetEvent.parseScopeKey(scope)
  const format = (value: bigint) => Cost.format({ currency, total: Amount.toDecimal(value) })
  const left = cap - spent - reserved
  const wait =
    waitedMillis === 0 ? "" : `after a wait of ${Duration.format(Duration.millis(Math.round(waitedMillis)))}, `
  return new BudgetExceededError({
    message: `The worst-case cost of the call, ${format(amount)}, exceeds what remains under the cap of ${name}: ${wait}${format(left < 0n ? 0n : left)} of ${format(cap)} (${format(spent)} spent, ${format(reserved)} reserved for running calls); nothing was sent. Raise the cap, set max_completion_tokens, or configure defaultOutputTokens`,
    provider,
    model: request.model,
    scope: name,
    currency,
    cap: Amount.toDecimal(cap),
    spent: Amount.toDecimal(spent),
    reserved: Amount.toDecimal(reserved),
    requested: Amount.toDecimal(amount)
  })
}
