/**
 * The money of one call. The worst price of its first attempt is held before
 * anything else happens; every further attempt holds its own; and whatever way
 * the call ends, nothing stays held.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { BudgetExceededError, type BudgetStoreError, UnknownPriceError } from "../../errors/MoneyErrors.ts"
import type { BudgetError } from "../../errors/OperationErrors.ts"
import type { Call, CallBudget, AttemptReservation } from "../../pipeline/Call.ts"
import * as Amount from "./Amount.ts"
import type * as AccountBalance from "./AccountBalance.ts"
import * as BudgetCaps from "./BudgetCaps.ts"
import * as BudgetEvent from "./BudgetEvent.ts"
import type { Reservation, ReservationManager } from "./ReservationManager.ts"
import * as Cost from "../Cost.ts"
import * as Day from "../../internal/Day.ts"
import type { Claim, ScopeBalance } from "./Ledger.ts"
import type { Prices } from "../PriceTable.ts"

/**
 * What the purses of a budget share.
 *
 * @category models
 * @since 0.1.0
 */
export interface BudgetContext {
  readonly reservations: ReservationManager
  readonly clock: Clock.Clock
  readonly isCapped: (tags: BudgetCaps.Tags) => boolean
  readonly claimsOf: ReturnType<typeof BudgetCaps.compile>
  /** Looks whether the account has the money. */
  readonly preflight: AccountBalance.Check
  readonly onUnknownPrice: "refuse" | "allow"
  readonly onStoreError: "refuse" | "allow"
}

/** What a call buys, and the most that it can cost. */
interface Quote {
  readonly purchase: Cost.Purchase
  readonly dayNumber: number
  /** None where the price is not known. */
  readonly worstCase: Option.Option<Cost.Cost>
}

/** A call whose worst price is known, and where it has to fit. */
interface PricedCall {
  readonly purchase: Cost.Purchase
  readonly currency: Cost.Cost["currency"]
  readonly amount: bigint
  readonly claims: ReadonlyArray<Claim>
}

/** Money of an attempt that nothing bounds, or that nobody could count. */
const untracked: Reservation = { amount: 0n, settle: () => Effect.void }

const unknownPriceError = ({ provider, request }: Call, reason: string): UnknownPriceError =>
  new UnknownPriceError({
    message: `The price of ${request.model} at ${provider} ${reason}; nothing was sent`,
    provider,
    model: request.model
  })

const budgetExceededError = (
  { provider, request }: Call,
  { cap, reserved, scope, spent }: ScopeBalance,
  amount: bigint
) => {
  const { currency, scope: name } = BudgetEvent.parseScopeKey(scope)
  return new BudgetExceededError({
    message: `The worst price of the call does not fit under the cap of ${name}; nothing was sent`,
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

/**
 * A purse that has to be closed.
 *
 * @category models
 * @since 0.1.0
 */
export interface OpenCallBudget extends CallBudget {
  /** Gives back what no attempt took, and pays in full what an attempt took and never settled. */
  readonly close: Effect.Effect<void>
}

const quote = ({ clock }: BudgetContext, prices: Prices, { provider, request }: Call): Quote => {
  const dayNumber = Day.numberOf(clock.currentTimeMillisUnsafe())
  const purchase = { model: request.model, provider, day: Day.dateOf(dayNumber) }
  return { purchase, dayNumber, worstCase: Cost.worstCase(request, purchase, prices) }
}

const priceCall = (
  treasury: BudgetContext,
  tags: BudgetCaps.Tags,
  prices: Prices,
  call: Call
): Effect.Effect<PricedCall | undefined, UnknownPriceError> => {
  if (!treasury.isCapped(tags)) return Effect.undefined
  const refuse = (reason: string) =>
    treasury.onUnknownPrice === "allow" ? Effect.undefined : Effect.fail(unknownPriceError(call, reason))
  const { dayNumber, purchase, worstCase } = quote(treasury, prices, call)
  if (Option.isNone(worstCase)) return refuse("is not known")
  const { currency, total } = worstCase.value
  const claims = treasury.claimsOf(tags, currency, purchase.day, dayNumber)
  return claims._tag === "Claims"
    ? Effect.succeed({ purchase, currency, amount: Amount.fromDecimal(total), claims: claims.claims })
    : refuse(`is in ${currency}, in which ${claims.scope} has no cap`)
}

/**
 * Opens a purse: holds the worst price of the first attempt.
 *
 * @category constructors
 * @since 0.1.0
 */
export const open = Effect.fnUntraced(function* (
  treasury: BudgetContext,
  tags: BudgetCaps.Tags,
  prices: Prices,
  call: Call
): Effect.fn.Return<OpenCallBudget, BudgetError> {
  const { reservations, onStoreError } = treasury

  const hold = (
    call: Call,
    price: PricedCall | undefined
  ): Effect.Effect<Reservation, BudgetExceededError | BudgetStoreError> => {
    if (price === undefined || price.claims.length === 0) return Effect.succeed(untracked)
    // Over every cap is over it by however little, and stores count no further.
    const amount = price.amount > Amount.maxAmount ? Amount.maxAmount + 1n : price.amount
    const asked = reservations.reserve(amount, price.claims)
    const heard =
      onStoreError === "refuse" ? asked : Effect.catchTag(asked, "BudgetStoreError", () => Effect.succeed(untracked))
    return Effect.flatMap(heard, (answer) => {
      if ("settle" in answer) return Effect.succeed(answer)
      // A store that answers is no outage, or new names would be a way past every cap.
      return Effect.fail(
        answer._tag === "Full" ? reservations.scopeLimitError : budgetExceededError(call, answer, price.amount)
      )
    })
  }

  const firstPrice = yield* priceCall(treasury, tags, prices, call)
  let first: Reservation | undefined = yield* hold(call, firstPrice)
  const taken = new Set<Reservation>()

  const settleWith =
    (held: Reservation, purchase: Cost.Purchase): AttemptReservation["settle"] =>
    (usage: Cost.BillableUsage | undefined) =>
      Effect.suspend(() => {
        if (!taken.delete(held)) return Effect.void
        if (usage === undefined) return held.settle(0n)
        const cost = Cost.of(usage, purchase, prices)
        return held.settle(Option.isSome(cost) ? Amount.fromDecimal(cost.value.total) : held.amount)
      })

  const take = (held: Reservation, price: PricedCall | undefined): AttemptReservation => {
    if (price === undefined) return { settle: () => Effect.void }
    taken.add(held)
    return { settle: settleWith(held, price.purchase) }
  }

  /** Holds the price of an attempt, in the place of the first one's where that is enough. */
  const reserve = Effect.fnUntraced(function* (attempt: Call): Effect.fn.Return<AttemptReservation, BudgetError> {
    const isFirst = first !== undefined && attempt.request === call.request && attempt.provider === call.provider
    const price = isFirst ? firstPrice : yield* priceCall(treasury, tags, prices, attempt)
    const ready = first
    first = undefined
    if (ready !== undefined) {
      const isEnough =
        isFirst || (price !== undefined && price.currency === firstPrice?.currency && price.amount <= ready.amount)
      if (isEnough) return take(ready, price)
      yield* ready.settle(0n)
    }
    return take(yield* hold(attempt, price), price)
  })

  return {
    reserve: (attempt) => Effect.uninterruptible(reserve(attempt)),
    close: Effect.suspend(() => {
      const left = [
        ...(first === undefined ? [] : [first.settle(0n)]),
        ...[...taken].map((held) => held.settle(held.amount))
      ]
      first = undefined
      taken.clear()
      return left.length === 0 ? Effect.void : Effect.all(left, { discard: true })
    })
  }
})

/**
 * Looks whether the account has the money for a call, whether a cap fits the
 * call or not. What has no known price is for the caps to refuse.
 *
 * @category getters
 * @since 0.1.0
 */
export const preflight = (
  treasury: BudgetContext,
  prices: Prices,
  call: Call,
  read: AccountBalance.Reader | undefined
): Effect.Effect<void, BudgetError> =>
  Option.match(quote(treasury, prices, call).worstCase, {
    onNone: () => Effect.void,
    onSome: ({ currency, total }) =>
      treasury.preflight({ account: call.account, currency, amount: Amount.fromDecimal(total) }, read)
  })
