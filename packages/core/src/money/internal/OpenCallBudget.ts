/**
 * The budget of one call. The worst-case cost of its first attempt is reserved
 * before anything else happens; every further attempt reserves its own; and
 * however the call ends, nothing stays reserved.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { BudgetExceededError, type BudgetStoreError, UnknownPriceError } from "../../errors/MoneyErrors.ts"
import type { BudgetError } from "../../errors/OperationErrors.ts"
import * as Day from "../../internal/Day.ts"
import type { AttemptReservation, Call, CallBudget } from "../../pipeline/Call.ts"
import * as Cost from "../Cost.ts"
import type { Prices } from "../PriceTable.ts"
import type * as AccountBalance from "./AccountBalance.ts"
import * as Amount from "./Amount.ts"
import * as BudgetCaps from "./BudgetCaps.ts"
import * as BudgetEvent from "./BudgetEvent.ts"
import type { Claim, ScopeBalance } from "./Ledger.ts"
import type { Reservation, ReservationManager } from "./ReservationManager.ts"
import type { ReservationQueue } from "./ReservationQueue.ts"

/**
 * What all calls of a budget share.
 *
 * @category models
 * @since 0.1.0
 */
export interface BudgetContext {
  readonly reservations: ReservationManager
  /** Reserves, and waits for other calls where that may help. */
  readonly queue: ReservationQueue
  readonly clock: Clock.Clock
  readonly isCapped: (tags: BudgetCaps.Tags) => boolean
  readonly claimsOf: ReturnType<typeof BudgetCaps.compile>
  /** Checks the account balance. */
  readonly preflight: AccountBalance.Check
  readonly onUnknownPrice: "refuse" | "allow"
  readonly onStoreError: "refuse" | "allow"
  /** The date of a time in the zone of calendar periods. */
  readonly calendar: (unixMillis: number) => Day.LocalDate
  /** The output of requests without a limit, for which is reserved. */
  readonly defaultOutputTokens: number | undefined
  readonly lostAttempts: CallBudget["lostAttempts"]
}

/** What a call buys, and its worst-case cost. */
interface Quote {
  readonly purchase: Cost.Purchase
  readonly unixMillis: number
  /** None if the price is not known. */
  readonly worstCase: Option.Option<Cost.Cost>
}

/** A call with a known worst-case cost, and the scopes that it counts in. */
interface PricedCall {
  readonly purchase: Cost.Purchase
  readonly currency: Cost.Cost["currency"]
  readonly amount: bigint
  readonly claims: ReadonlyArray<Claim>
}

/** The reservation of an attempt that no cap bounds, or that could not be counted. */
const untracked: Reservation = { amount: 0n, settle: () => Effect.void }

const untrackedAttempt: AttemptReservation = { settle: () => Effect.void }

const unknownPriceError = ({ provider, request }: Call, reason: string): UnknownPriceError =>
  new UnknownPriceError({
    message: `The price of ${request.model} at ${provider} ${reason}; nothing was sent`,
    provider,
    model: request.model
  })

const budgetExceededError = (
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

/**
 * The budget of a call, which has to be closed.
 *
 * @category models
 * @since 0.1.0
 */
export interface OpenCallBudget extends CallBudget {
  /** Releases what no attempt was assigned, and charges in full what an attempt was assigned and did not settle. */
  readonly close: Effect.Effect<void>
}

const quote = (context: BudgetContext, prices: Prices, { provider, request }: Call): Quote => {
  const unixMillis = context.clock.currentTimeMillisUnsafe()
  const purchase = { model: request.model, provider, day: Day.dateOf(Day.numberOf(unixMillis)) }
  return { purchase, unixMillis, worstCase: Cost.worstCase(request, purchase, prices, context.defaultOutputTokens) }
}

const priceCall = (
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

const reserveInStore = (
  { onStoreError, queue, reservations }: BudgetContext,
  call: Call,
  price: PricedCall | undefined,
  canWait: boolean
): Effect.Effect<Reservation, BudgetExceededError | BudgetStoreError> => {
  if (price === undefined || price.claims.length === 0) return Effect.succeed(untracked)
  // An amount above every cap is refused however large it is, and stores do not count further.
  const amount = price.amount > Amount.maxAmount ? Amount.maxAmount + 1n : price.amount
  const attempted = queue.reserve(amount, price.claims, canWait)
  const recovered =
    onStoreError === "refuse"
      ? attempted
      : Effect.catchTag(attempted, "BudgetStoreError", () => Effect.succeed(untracked))
  return Effect.flatMap(recovered, (result) => {
    if ("settle" in result) return Effect.succeed(result)
    // A store that replies is not an outage; otherwise new names would bypass every cap.
    return Effect.fail(
      result._tag === "ScopeLimitReached"
        ? reservations.scopeLimitError
        : budgetExceededError(call, result, price.amount)
    )
  })
}

class ReservedCallBudget implements OpenCallBudget {
  readonly #context: BudgetContext
  readonly #tags: BudgetCaps.Tags
  readonly #prices: Prices
  readonly #call: Call
  readonly #firstPrice: PricedCall | undefined
  /** The reservation of the first attempt until an attempt is assigned one. */
  #first: Reservation | undefined
  /** Reservations that attempts were assigned and have not settled. */
  readonly #pending = new Set<Reservation>()

  constructor(
    context: BudgetContext,
    tags: BudgetCaps.Tags,
    prices: Prices,
    call: Call,
    firstPrice: PricedCall | undefined,
    first: Reservation
  ) {
    this.#context = context
    this.#tags = tags
    this.#prices = prices
    this.#call = call
    this.#firstPrice = firstPrice
    this.#first = first
  }

  get lostAttempts(): CallBudget["lostAttempts"] {
    return this.#context.lostAttempts
  }

  /** Reserves the cost of an attempt, in place of the first reservation if that one is sufficient. */
  reserve(attempt: Call): Effect.Effect<AttemptReservation, BudgetError> {
    return Effect.uninterruptible(
      Effect.suspend(() => {
        const { provider, request } = this.#call
        const isFirst = this.#first !== undefined && attempt.request === request && attempt.provider === provider
        if (isFirst) return this.#reserveAt(attempt, this.#firstPrice, true)
        return Effect.flatMap(priceCall(this.#context, this.#tags, this.#prices, attempt), (price) =>
          this.#reserveAt(attempt, price, false)
        )
      })
    )
  }

  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    const settled = [...this.#pending].map((reservation) => reservation.settle(reservation.amount))
    if (this.#first !== undefined) settled.unshift(this.#first.settle(0n))
    this.#first = undefined
    this.#pending.clear()
    return settled.length === 0 ? Effect.void : Effect.all(settled, { discard: true })
  })

  #reserveAt(
    attempt: Call,
    price: PricedCall | undefined,
    isFirst: boolean
  ): Effect.Effect<AttemptReservation, BudgetExceededError | BudgetStoreError> {
    const prior = this.#first
    this.#first = undefined
    if (prior !== undefined && (isFirst || this.#isSufficient(prior, price))) {
      return Effect.succeed(this.#assign(prior, price))
    }
    // An attempt that runs in addition to another of its call, such as a hedge, does not wait: it would delay other calls.
    const reserved = Effect.suspend(() =>
      Effect.map(reserveInStore(this.#context, attempt, price, this.#pending.size === 0), (reservation) =>
        this.#assign(reservation, price)
      )
    )
    return prior === undefined ? reserved : Effect.andThen(prior.settle(0n), reserved)
  }

  #isSufficient(prior: Reservation, price: PricedCall | undefined): boolean {
    return price !== undefined && price.currency === this.#firstPrice?.currency && price.amount <= prior.amount
  }

  #assign(reservation: Reservation, price: PricedCall | undefined): AttemptReservation {
    if (price === undefined) return untrackedAttempt
    this.#pending.add(reservation)
    return { settle: (usage) => this.#settle(reservation, price.purchase, usage) }
  }

  #settle(
    reservation: Reservation,
    purchase: Cost.Purchase,
    usage: Cost.BillableUsage | undefined
  ): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (!this.#pending.delete(reservation)) return Effect.void
      if (usage === undefined) return reservation.settle(0n)
      const cost = Cost.of(usage, purchase, this.#prices)
      return reservation.settle(Option.isSome(cost) ? Amount.fromDecimal(cost.value.total) : reservation.amount)
    })
  }
}

/**
 * Opens the budget of a call: reserves the worst-case cost of its first attempt.
 *
 * @category constructors
 * @since 0.1.0
 */
export const open = (
  context: BudgetContext,
  tags: BudgetCaps.Tags,
  prices: Prices,
  call: Call
): Effect.Effect<OpenCallBudget, BudgetError> =>
  Effect.flatMap(priceCall(context, tags, prices, call), (price) =>
    Effect.map(
      reserveInStore(context, call, price, true),
      (first) => new ReservedCallBudget(context, tags, prices, call, price, first)
    )
  )

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
