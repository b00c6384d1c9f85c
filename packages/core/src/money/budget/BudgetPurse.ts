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
import type { Call, Purse, Reservation } from "../../resilience/Call.ts"
import * as Amount from "./Amount.ts"
import type * as AccountBalance from "./AccountBalance.ts"
import * as BudgetCaps from "./BudgetCaps.ts"
import * as BudgetEvent from "./BudgetEvent.ts"
import type { Held, Keeper } from "./BudgetKeeper.ts"
import * as Cost from "../Cost.ts"
import * as Day from "../Day.ts"
import type { Claim, Line } from "./Ledger.ts"
import type { Prices } from "../PriceTable.ts"

/**
 * What the purses of a budget share.
 *
 * @category models
 * @since 0.1.0
 */
export interface Treasury {
  readonly keeper: Keeper
  readonly clock: Clock.Clock
  readonly isCapped: (tags: BudgetCaps.Tags) => boolean
  readonly claimsOf: ReturnType<typeof BudgetCaps.compile>
  /** Looks whether the account has the money. */
  readonly preflight: AccountBalance.Check
  readonly unknownPrice: "refuse" | "allow"
  readonly onStoreError: "refuse" | "allow"
}

/** What a call buys, and the most that it can cost. */
interface Quote {
  readonly purchase: Cost.Purchase
  readonly dayNumber: number
  /** None where the price is not known. */
  readonly worst: Option.Option<Cost.Cost>
}

/** A call whose worst price is known, and where it has to fit. */
interface Priced {
  readonly purchase: Cost.Purchase
  readonly currency: Cost.Cost["currency"]
  readonly amount: bigint
  readonly claims: ReadonlyArray<Claim>
}

/** Money of an attempt that nothing bounds, or that nobody could count. */
const uncounted: Held = { amount: 0n, settle: () => Effect.void }

const unknownPrice = ({ provider, request }: Call, reason: string): UnknownPriceError =>
  new UnknownPriceError({
    message: `The price of ${request.model} at ${provider} ${reason}; nothing was sent`,
    provider,
    model: request.model
  })

const exceeded = ({ provider, request }: Call, { cap, reserved, scope, spent }: Line, amount: bigint) => {
  const { currency, scope: name } = BudgetEvent.named(scope)
  return new BudgetExceededError({
    message: `The worst price of the call does not fit under the cap of ${name}; nothing was sent`,
    provider,
    model: request.model,
    scope: name,
    currency,
    cap: Amount.toDecimal(cap),
    spent: Amount.toDecimal(spent),
    reserved: Amount.toDecimal(reserved),
    price: Amount.toDecimal(amount)
  })
}

/**
 * A purse that has to be closed.
 *
 * @category models
 * @since 0.1.0
 */
export interface OpenPurse extends Purse {
  /** Gives back what no attempt took, and pays in full what an attempt took and never settled. */
  readonly close: Effect.Effect<void>
}

const quoted = ({ clock }: Treasury, prices: Prices, { provider, request }: Call): Quote => {
  const dayNumber = Day.numberOf(clock.currentTimeMillisUnsafe())
  const purchase = { model: request.model, provider, day: Day.dateOf(dayNumber) }
  return { purchase, dayNumber, worst: Cost.worst(request, purchase, prices) }
}

const priced = (
  treasury: Treasury,
  tags: BudgetCaps.Tags,
  prices: Prices,
  call: Call
): Effect.Effect<Priced | undefined, UnknownPriceError> => {
  if (!treasury.isCapped(tags)) return Effect.undefined
  const refuse = (reason: string) =>
    treasury.unknownPrice === "allow" ? Effect.undefined : Effect.fail(unknownPrice(call, reason))
  const { dayNumber, purchase, worst } = quoted(treasury, prices, call)
  if (Option.isNone(worst)) return refuse("is not known")
  const { currency, total } = worst.value
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
  treasury: Treasury,
  tags: BudgetCaps.Tags,
  prices: Prices,
  call: Call
): Effect.fn.Return<OpenPurse, BudgetError> {
  const { keeper, onStoreError } = treasury

  const hold = (call: Call, price: Priced | undefined): Effect.Effect<Held, BudgetExceededError | BudgetStoreError> => {
    if (price === undefined || price.claims.length === 0) return Effect.succeed(uncounted)
    // Over every cap is over it by however little, and stores count no further.
    const amount = price.amount > Amount.largest ? Amount.largest + 1n : price.amount
    const asked = keeper.hold(amount, price.claims)
    const heard =
      onStoreError === "refuse" ? asked : Effect.catchTag(asked, "BudgetStoreError", () => Effect.succeed(uncounted))
    return Effect.flatMap(heard, (answer) => {
      if ("settle" in answer) return Effect.succeed(answer)
      // A store that answers is no outage, or new names would be a way past every cap.
      return Effect.fail(answer._tag === "Full" ? keeper.full : exceeded(call, answer, price.amount))
    })
  }

  const firstPrice = yield* priced(treasury, tags, prices, call)
  let first: Held | undefined = yield* hold(call, firstPrice)
  const taken = new Set<Held>()

  const settleWith =
    (held: Held, purchase: Cost.Purchase): Reservation["settle"] =>
    (usage: Cost.Used | undefined) =>
      Effect.suspend(() => {
        if (!taken.delete(held)) return Effect.void
        if (usage === undefined) return held.settle(0n)
        const cost = Cost.of(usage, purchase, prices)
        return held.settle(Option.isSome(cost) ? Amount.fromDecimal(cost.value.total) : held.amount)
      })

  const take = (held: Held, price: Priced | undefined): Reservation => {
    if (price === undefined) return { settle: () => Effect.void }
    taken.add(held)
    return { settle: settleWith(held, price.purchase) }
  }

  /** Holds the price of an attempt, in the place of the first one's where that is enough. */
  const reserve = Effect.fnUntraced(function* (attempt: Call): Effect.fn.Return<Reservation, BudgetError> {
    const isFirst = first !== undefined && attempt.request === call.request && attempt.provider === call.provider
    const price = isFirst ? firstPrice : yield* priced(treasury, tags, prices, attempt)
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
  treasury: Treasury,
  prices: Prices,
  call: Call,
  read: AccountBalance.Reader | undefined
): Effect.Effect<void, BudgetError> =>
  Option.match(quoted(treasury, prices, call).worst, {
    onNone: () => Effect.void,
    onSome: ({ currency, total }) =>
      treasury.preflight({ account: call.account, currency, amount: Amount.fromDecimal(total) }, read)
  })
