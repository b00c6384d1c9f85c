/**
 * The budget of one call. The worst-case cost of its first attempt is reserved
 * before anything else happens; every further attempt reserves its own; and
 * however the call ends, nothing stays reserved.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { type BudgetExceededError, type BudgetStoreError, UnknownPriceError } from "../../errors/MoneyErrors.ts"
import type { BudgetError } from "../../errors/OperationErrors.ts"
import type { AttemptReservation, Call, CallBudget } from "../../pipeline/Call.ts"
import type * as Cost from "../Cost.ts"
import type { Prices } from "../PriceTable.ts"
import type * as BudgetCaps from "./BudgetCaps.ts"
import type { BudgetContext } from "./BudgetContext.ts"
import { budgetExceededError } from "./budgetExceededError.ts"
import { ImmediateBudget, type ImmediateReservation } from "./ImmediateBudget.ts"
import { chargeOf, priceCall, type PricedCall } from "./PricedCall.ts"
import type { Reservation } from "./ReservationManager.ts"
import { reserveInStore, reserveNow, untracked } from "./reserveInStore.ts"

const untrackedAttempt: ImmediateReservation = { settle: () => Effect.void, settleNow: () => undefined }

const none: ReadonlyArray<Reservation> = []

/** The price of a call that a cap bounds. */
type CappedPrice = PricedCall | undefined

const isUncapped = (price: CappedPrice): price is undefined => price === undefined || price.claims.length === 0

const reserveCall = (
  context: BudgetContext,
  call: Call,
  price: CappedPrice,
  canWait: boolean
): Effect.Effect<Reservation, BudgetExceededError | BudgetStoreError> =>
  isUncapped(price)
    ? Effect.succeed(untracked)
    : reserveInStore(context, price, canWait, (refusal) => budgetExceededError(call, refusal, price.amount))

/**
 * The budget of a call, which has to be opened and closed. What may have to be
 * waited for is returned as an effect; `undefined` if there is nothing.
 *
 * @category models
 * @since 0.1.0
 */
export class OpenCallBudget extends ImmediateBudget {
  readonly #context: BudgetContext
  readonly #tags: BudgetCaps.Tags
  readonly #prices: Prices
  readonly #call: Call
  #firstPrice: CappedPrice
  /** The reservation of the first attempt until an attempt is assigned one. */
  #first: Reservation | undefined
  /** Reservations that attempts were assigned and have not settled. */
  #pending: ReadonlyArray<Reservation> = none

  constructor(context: BudgetContext, tags: BudgetCaps.Tags, prices: Prices, call: Call) {
    super()
    this.#context = context
    this.#tags = tags
    this.#prices = prices
    this.#call = call
  }

  get lostAttempts(): CallBudget["lostAttempts"] {
    return this.#context.lostAttempts
  }

  /** Reserves the worst-case cost of the first attempt. The effect must not be interrupted where it can be. */
  open(): Effect.Effect<void, BudgetError> | undefined {
    const price = priceCall(this.#context, this.#tags, this.#prices, this.#call)
    if (price instanceof UnknownPriceError) return Effect.fail(price)
    this.#firstPrice = price
    this.#first = this.#reserveNow(price)
    if (this.#first !== undefined) return undefined
    return Effect.map(reserveCall(this.#context, this.#call, price, true), (first) => {
      this.#first = first
    })
  }

  /** Releases what no attempt was assigned, and charges in full what an attempt was assigned and did not settle. */
  close(): Effect.Effect<void> | undefined {
    const first = this.#first?.settleNow(0n)
    this.#first = undefined
    const pending = this.#pending
    if (first === undefined && pending.length === 0) return undefined
    this.#pending = none
    const rests = [first, ...pending.map((reservation) => reservation.settleNow(reservation.amount))]
    return Effect.all(
      rests.filter((rest) => rest !== undefined),
      { discard: true }
    )
  }

  reserveNow(attempt: Call): ImmediateReservation | undefined {
    const first = this.#first
    if (first !== undefined && this.#isFirst(attempt)) return this.#assignFirst(first, this.#firstPrice)
    const price = priceCall(this.#context, this.#tags, this.#prices, attempt)
    if (price instanceof UnknownPriceError) return undefined
    if (first !== undefined) return this.#isSufficient(first, price) ? this.#assignFirst(first, price) : undefined
    const reservation = this.#reserveNow(price)
    return reservation === undefined ? undefined : this.#assign(reservation, price)
  }

  /** Reserves the cost of an attempt, in place of the first reservation if that one is sufficient. */
  reserve(attempt: Call): Effect.Effect<AttemptReservation, BudgetError> {
    return Effect.uninterruptible(
      Effect.suspend((): Effect.Effect<AttemptReservation, BudgetError> => {
        const reservation = this.reserveNow(attempt)
        if (reservation !== undefined) return Effect.succeed(reservation)
        const price = priceCall(this.#context, this.#tags, this.#prices, attempt)
        return price instanceof UnknownPriceError ? Effect.fail(price) : this.#reserveAt(attempt, price)
      })
    )
  }

  #isFirst({ provider, request }: Call): boolean {
    return request === this.#call.request && provider === this.#call.provider
  }

  /** An attempt that runs in addition to another of its call, such as a hedge, does not wait: it would delay other calls. */
  get #canWait(): boolean {
    return this.#pending.length === 0
  }

  #reserveNow(price: CappedPrice): Reservation | undefined {
    return isUncapped(price) ? untracked : reserveNow(this.#context, price, this.#canWait)
  }

  #reserveAt(
    attempt: Call,
    price: CappedPrice
  ): Effect.Effect<AttemptReservation, BudgetExceededError | BudgetStoreError> {
    const prior = this.#first?.settleNow(0n)
    this.#first = undefined
    const reserved = Effect.suspend(() =>
      Effect.map(reserveCall(this.#context, attempt, price, this.#canWait), (reservation) =>
        this.#assign(reservation, price)
      )
    )
    return prior === undefined ? reserved : Effect.andThen(prior, reserved)
  }

  #isSufficient(prior: Reservation, price: CappedPrice): boolean {
    return price !== undefined && price.currency === this.#firstPrice?.currency && price.amount <= prior.amount
  }

  #assignFirst(first: Reservation, price: CappedPrice): ImmediateReservation {
    this.#first = undefined
    return this.#assign(first, price)
  }

  #assign(reservation: Reservation, price: CappedPrice): ImmediateReservation {
    if (price === undefined) return untrackedAttempt
    // A list of exactly its length, because most calls make one attempt.
    this.#pending = [...this.#pending, reservation]
    const settleNow = (usage: Cost.BillableUsage | undefined) => this.#settleNow(reservation, price, usage)
    return { settleNow, settle: (usage) => Effect.suspend(() => settleNow(usage) ?? Effect.void) }
  }

  #settleNow(
    reservation: Reservation,
    price: PricedCall,
    usage: Cost.BillableUsage | undefined
  ): Effect.Effect<void> | undefined {
    if (!this.#pending.includes(reservation)) return undefined
    this.#pending = this.#pending.length === 1 ? none : this.#pending.filter((pending) => pending !== reservation)
    if (usage === undefined) return reservation.settleNow(0n)
    return reservation.settleNow(chargeOf(price, usage, this.#prices) ?? reservation.amount)
  }
}
