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
import type { ModelRequest } from "../../models/ChatRequest.ts"
import type { Call } from "../../pipeline/Call.ts"
import * as Cost from "../Cost.ts"
import type { Prices } from "../PriceTable.ts"
import type * as AccountBalance from "./AccountBalance.ts"
import * as Amount from "./Amount.ts"
import * as BudgetCaps from "./BudgetCaps.ts"
import type { BudgetContext } from "./BudgetContext.ts"
import type { Claim } from "./Ledger.ts"
import * as TokenRates from "./TokenRates.ts"
import { worstCaseOfTokens } from "./WorstCase.ts"

/** What a call buys, and its worst-case cost. */
interface Quote {
  readonly purchase: Cost.Purchase
  readonly unixMillis: number
  /** Absent, with its currency and amount, if the price is not known. */
  readonly worstCase: WorstCase | undefined
}

/** Why a price cannot be counted, and what to change for this one. */
interface Refusal {
  readonly reason: string
  readonly fix?: string | undefined
}

interface WorstCase {
  readonly rates: TokenRates.TokenRates
  readonly currency: Cost.Cost["currency"]
  readonly amount: bigint
}

/**
 * A call with a known worst-case cost, and the scopes that it counts in.
 *
 * @category models
 * @since 0.1.0
 */
export interface PricedCall {
  readonly purchase: Cost.Purchase
  /** The prices of its tokens, which are the same until it is settled. */
  readonly rates: TokenRates.TokenRates
  readonly currency: Cost.Cost["currency"]
  readonly amount: bigint
  readonly claims: ReadonlyArray<Claim>
}

const unknownPriceError = ({ provider, request }: Call, { fix, reason }: Refusal): UnknownPriceError =>
  new UnknownPriceError({
    message: `The price of ${request.model} at ${provider} ${reason}; nothing was sent`,
    provider,
    model: request.model,
    ...(fix === undefined ? {} : { fix })
  })

const worstCaseOf = (
  request: ModelRequest,
  purchase: Cost.Purchase,
  prices: Prices,
  defaultOutputTokens: number | undefined
): WorstCase | undefined => {
  const price = prices.model(purchase.model, purchase.provider, purchase.day) ?? undefined
  if (price === undefined) return undefined
  const { currency } = price
  const rates = TokenRates.of(price)
  const amount = worstCaseOfTokens(request, rates, defaultOutputTokens)
  if (amount !== undefined) return { rates, currency, amount }
  const cost = Cost.worstCase(request, purchase, prices, defaultOutputTokens)
  return Option.isSome(cost) ? { rates, currency, amount: Amount.fromDecimal(cost.value.total) } : undefined
}

const quote = (context: BudgetContext, prices: Prices, { provider, request }: Call): Quote => {
  const unixMillis = context.clock.currentTimeMillisUnsafe()
  const purchase = { model: request.model, provider, day: context.dateOf(Day.numberOf(unixMillis)) }
  return { purchase, unixMillis, worstCase: worstCaseOf(request, purchase, prices, context.defaultOutputTokens) }
}

/**
 * The price of a call; `undefined` if no cap applies to it, or if its price is not
 * known and it is allowed without one. The error if it is refused.
 *
 * @category constructors
 * @since 0.1.0
 */
export const priceCall = (
  context: BudgetContext,
  tags: BudgetCaps.Tags,
  prices: Prices,
  call: Call
): PricedCall | UnknownPriceError | undefined => {
  if (!context.isCapped(tags)) return undefined
  const { purchase, unixMillis, worstCase } = quote(context, prices, call)
  if (worstCase === undefined) return refuse(context, call, { reason: "is not known" })
  const { amount, currency, rates } = worstCase
  const claims = context.claimsOf(tags, currency, context.calendar(unixMillis))
  return claims._tag === "Claims"
    ? { purchase, rates, currency, amount, claims: claims.claims }
    : refuse(context, call, BudgetCaps.describeMismatch(claims, currency))
}

const refuse = ({ onUnknownPrice }: BudgetContext, call: Call, refusal: Refusal): UnknownPriceError | undefined =>
  onUnknownPrice === "allow" ? undefined : unknownPriceError(call, refusal)

/**
 * What usage of a call costs at the price of its reservation; `undefined` if the
 * price of a tool is not known.
 *
 * @category getters
 * @since 0.1.0
 */
export const chargeOf = (
  { purchase, rates }: PricedCall,
  usage: Cost.BillableUsage,
  prices: Prices
): bigint | undefined => {
  const amount = TokenRates.amountOf(usage, rates)
  if (amount !== undefined) return amount
  const cost = Cost.of(usage, purchase, prices)
  return Option.isSome(cost) ? Amount.fromDecimal(cost.value.total) : undefined
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
): Effect.Effect<void, UnknownPriceError> => {
  const price = priceCall(context, tags, prices, call)
  return price instanceof UnknownPriceError ? Effect.fail(price) : Effect.void
}

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
): Effect.Effect<void, BudgetError> => {
  const { worstCase } = quote(context, prices, call)
  if (worstCase === undefined) return Effect.void
  const { amount, currency } = worstCase
  return context.preflight({ account: call.account, currency, amount }, read)
}
