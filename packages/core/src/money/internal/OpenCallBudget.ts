/**
 * The budget of one call. The worst-case cost of its first attempt is reserved
 * before anything else happens; every further attempt reserves its own; and
 * however the call ends, nothing stays reserved.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { BudgetExceededError, BudgetStoreError } from "../../errors/MoneyErrors.ts"
import type { BudgetError } from "../../errors/OperationErrors.ts"
import type { AttemptReservation, Call, CallBudget } from "../../pipeline/Call.ts"
import * as Cost from "../Cost.ts"
import type { Prices } from "../PriceTable.ts"
import type { BudgetContext } from "./BudgetContext.ts"
import { budgetExceededError } from "./budgetExceededError.ts"
import { priceCall, type PricedCall } from "./PricedCall.ts"
import * as Amount from "./Amount.ts"
import * as BudgetCaps from "./BudgetCaps.ts"
import type { Reservation } from "./ReservationManager.ts"
import { reserveInStore, untracked } from "./reserveInStore.ts"

const untrackedAttempt: AttemptReservation = { settle: () => Effect.void }

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

const reserveCall = (
  context: BudgetContext,
  call: Call,
  price: PricedCall | undefined,
  canWait: boolean
): Effect.Effect<Reservation, BudgetExceededError | BudgetStoreError> =>
  price === undefined || price.claims.length === 0
    ? Effect.succeed(untracked)
    : reserveInStore(context, price, canWait, (refusal) => budgetExceededError(call, refusal, price.amount))

class ReservedCallBudget implements OpenCallBudget {
  readonly #context: BudgetContext
  readonly #tags: BudgetCaps.Tags
  readonly #prices: Prices
  readonly #call: Call
  readonly #firstPrice: PricedCall | undefined
  /** The reservation of the first attempt until an attempt is assigned one. */
  #first: Reservation | undefined
  /** Reservations that attempts were assigned and have not settled. */
  #pending: ReadonlyArray<Reservation> = []

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

  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const settled = this.#pending.map((reservation) => reservation.settle(reservation.amount))
      if (this.#first !== undefined) settled.unshift(this.#first.settle(0n))
      this.#first = undefined
      this.#pending = []
      return settled.length === 0 ? Effect.void : Effect.all(settled, { discard: true })
    })
  }

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
      Effect.map(reserveCall(this.#context, attempt, price, this.#pending.length === 0), (reservation) =>
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
    // A list of exactly its length, because most calls make one attempt.
    this.#pending = [...this.#pending, reservation]
    return { settle: (usage) => this.#settle(reservation, price.purchase, usage) }
  }

  #settle(
    reservation: Reservation,
    purchase: Cost.Purchase,
    usage: Cost.BillableUsage | undefined
  ): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (!this.#pending.includes(reservation)) return Effect.void
      this.#pending = this.#pending.filter((pending) => pending !== reservation)
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
      reserveCall(context, call, price, true),
      (first) => new ReservedCallBudget(context, tags, prices, call, price, first)
    )
  )
