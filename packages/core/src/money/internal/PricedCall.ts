/**
 * The worst-case cost of a call under a budget, and whether its price is known.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { UnknownPriceError } from "../../errors/MoneyErrors.ts"
import type { BudgetError } from "../../errors/OperationErrors.ts"
import * as Day from "../../internal/Day.ts"
import type { Call } from "../../pipeline/Call.ts"
import * as Cost from "../Cost.ts"
import type { Prices } from "../PriceTable.ts"
import type * as AccountBalance from "./AccountBalance.ts"
import * as Amount from "./Amount.ts"
import type * as BudgetCaps from "./BudgetCaps.ts"
import type { BudgetContext } from "./BudgetContext.ts"
import type { Claim } from "./Ledger.ts"

/** What a call buys, and its worst-case cost. */
interface Quote {
  readonly purchase: Cost.Purchase
  readonly unixMillis: number
  /** None if the price is not known. */
  readonly worstCase: Option.Option<Cost.Cost>
}

/**
 * A call with a known worst-case cost, and the scopes that it counts in.
 *
 * @category models
 * @since 0.1.0
 */
export interface PricedCall {
  readonly purchase: Cost.Purchase
  readonly currency: Cost.Cost["currency"]
  readonly amount: bigint
  readonly claims: ReadonlyArray<Claim>
}

const unknownPriceError = ({ provider, request }: Call, reason: string): UnknownPriceError =>
  new UnknownPriceError({
    message: `The price of ${request.model} at ${provider} ${reason}; nothing was sent`,
    provider,
    model: request.model
  })

const quote = (context: BudgetContext, prices: Prices, { provider, request }: Call): Quote => {
  const unixMillis = context.clock.currentTimeMillisUnsafe()
  const purchase = { model: request.model, provider, day: context.dateOf(Day.numberOf(unixMillis)) }
  return { purchase, unixMillis, worstCase: Cost.worstCase(request, purchase, prices, context.defaultOutputTokens) }
}

/**
 * The price of a call; `undefined` if no cap applies to it, or if its price is not
 * known and it is allowed without one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const priceCall = (
  context: BudgetContext,
  tags: BudgetCaps.Tags,
  prices: Prices,
  call: Call
): Effect.Effect<PricedCall | undefined, UnknownPriceError> => {
  if (!context.isCapped(tags)) return Effect.undefined
  const refuse = (reason: string) =>
    context.onUnknownPrice === "allow" ? Effect.undefined : Effect.fail(unknownPriceError(call, reason))
  const { purchase, unixMillis, worstCase } = quote(context, prices, call)
  if (Option.isNone(worstCase)) return refuse("is not known")
  const { currency, total } = worstCase.value
  const claims = context.claimsOf(tags, currency, context.calendar(unixMillis))
  return claims._tag === "Claims"
    ? Effect.succeed({ purchase, currency, amount: Amount.fromDecimal(total), claims: claims.claims })
    : refuse(`is in ${currency}, in which ${claims.scope} has no cap`)
}

/**
 * Fails if calls to the host and model of a call are refused because their
 * price is not known in a currency of the caps.
 *
 * @category getters
 * @since 0.1.0
 */
export const checkPrice = (
  context: BudgetContext,
  tags: BudgetCaps.Tags,
  prices: Prices,
  call: Call
): Effect.Effect<void, UnknownPriceError> => Effect.asVoid(priceCall(context, tags, prices, call))

/**
 * Checks that the account balance covers the worst-case cost of a call, whether
 * or not a cap applies to it. A call without a known price is left to the caps.
 *
 * @category getters
 * @since 0.1.0
 */
export const preflight = (
  context: BudgetContext,
  prices: Prices,
  call: Call,
  read: AccountBalance.Reader | undefined
): Effect.Effect<void, BudgetError> =>
  Option.match(quote(context, prices, call).worstCase, {
    onNone: () => Effect.void,
    onSome: ({ currency, total }) =>
      context.preflight({ account: call.account, currency, amount: Amount.fromDecimal(total) }, read)
  })
