/**
 * Calls that wait for reservations of other calls to settle: first come, first
 * served among calls that share a scope, and bounded in time.
 *
 * A call that waits has reserved nothing, so calls never wait for each other.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { BudgetStoreError } from "../../errors/MoneyErrors.ts"
import * as MonotonicClock from "../../internal/MonotonicClock.ts"
import type { Claim, ReserveResult, ScopeBalance } from "./Ledger.ts"
import type { Reservation, ReservationManager } from "./ReservationManager.ts"

/** Other processes may settle too, and only the store knows. */
const pollMillis = 200

/**
 * What a reservation leads to, with the time that it waited if it was refused.
 *
 * @category models
 * @since 0.1.0
 */
export type QueueResult =
  | Reservation
  | Extract<ReserveResult, { _tag: "ScopeLimitReached" }>
  | (Extract<ReserveResult, { _tag: "Refused" }> & { readonly waitedMillis: number })

interface Waiter {
  readonly claims: ReadonlyArray<Claim>
  /** Completed when it is worth another attempt. */
  signal: Deferred.Deferred<void>
}

/** Whether the amount fits after other reservations have settled for nothing. */
const mayFitLater = (amount: bigint, claims: ReadonlyArray<Claim>, { cap, reserved, spent }: ScopeBalance): boolean =>
  reserved > 0n && spent + amount <= cap && claims.every((claim) => amount <= claim.cap)

/** A reservation whose settlement lets others try again. A class, because open streams hold one each. */
class NotifyingReservation implements Reservation {
  readonly #reservation: Reservation
  readonly #notify: Effect.Effect<void>

  constructor(reservation: Reservation, notify: Effect.Effect<void>) {
    this.#reservation = reservation
    this.#notify = notify
  }

  get amount(): bigint {
    return this.#reservation.amount
  }

  settle(used: bigint): Effect.Effect<void> {
    return Effect.andThen(this.#reservation.settle(used), this.#notify)
  }
}

/**
 * The queue of a budget in this process.
 *
 * @category models
 * @since 0.1.0
 */
export class ReservationQueue {
  readonly #manager: ReservationManager
  readonly #clock: Clock.Clock
  readonly #maxWaitMillis: number
  /** In the order of their arrival. */
  readonly #waiters = new Set<Waiter>()

  constructor(manager: ReservationManager, clock: Clock.Clock, maxWait: Duration.Duration) {
    this.#manager = manager
    this.#clock = clock
    this.#maxWaitMillis = Duration.toMillis(maxWait)
  }

  /**
   * Reserves an amount in all scopes, after the calls that already wait in one
   * of them. Only the wait can be interrupted.
   */
  reserve(
    amount: bigint,
    claims: ReadonlyArray<Claim>,
    canWait: boolean
  ): Effect.Effect<QueueResult, BudgetStoreError> {
    return Effect.suspend(() => {
      const isFirst = this.#waiters.size === 0 || !this.#isBehind(claims)
      if (!canWait || this.#maxWaitMillis <= 0 || isFirst) {
        return Effect.flatMap(this.#attempt(amount, claims), (result) =>
          canWait && this.#maxWaitMillis > 0 && "waitedMillis" in result && mayFitLater(amount, claims, result)
            ? this.#wait(amount, claims)
            : Effect.succeed(result)
        )
      }
      return this.#wait(amount, claims)
    })
  }

  #attempt(amount: bigint, claims: ReadonlyArray<Claim>): Effect.Effect<QueueResult, BudgetStoreError> {
    return Effect.map(this.#manager.reserve(amount, claims), (result) => {
      if ("settle" in result) return new NotifyingReservation(result, this.#notify)
      return result._tag === "Refused" ? { ...result, waitedMillis: 0 } : result
    })
  }

  /** Signals every waiter that has none before it in any of its scopes. */
  readonly #notify: Effect.Effect<void> = Effect.sync(() => {
    if (this.#waiters.size === 0) return
    const taken = new Set<string>()
    for (const { claims, signal } of this.#waiters) {
      if (!claims.some(({ scope }) => taken.has(scope))) Deferred.doneUnsafe(signal, Effect.void)
      for (const { scope } of claims) taken.add(scope)
    }
  })

  /** Whether a call that arrived earlier, or any if the call does not wait yet, shares a scope. */
  #isBehind(claims: ReadonlyArray<Claim>, waiter?: Waiter): boolean {
    const scopes = new Set(claims.map(({ scope }) => scope))
    for (const earlier of this.#waiters) {
      if (earlier === waiter) return false
      if (earlier.claims.some(({ scope }) => scopes.has(scope))) return true
    }
    return false
  }

  #wait(amount: bigint, claims: ReadonlyArray<Claim>): Effect.Effect<QueueResult, BudgetStoreError> {
    return Effect.suspend(() => {
      const startedAt = MonotonicClock.millisUnsafe(this.#clock)
      const waited = () => MonotonicClock.millisUnsafe(this.#clock) - startedAt
      const waiter: Waiter = { claims, signal: Deferred.makeUnsafe<void>() }
      this.#waiters.add(waiter)
      const pause = (millis: number) =>
        Effect.interruptible(Effect.timeoutOption(Deferred.await(waiter.signal), Duration.millis(millis)))
      const step: Effect.Effect<QueueResult, BudgetStoreError> = Effect.suspend(() => {
        const rest = this.#maxWaitMillis - waited()
        if (rest > 0 && this.#isBehind(claims, waiter)) {
          return Effect.andThen(pause(rest), step)
        }
        // A settlement while the store replies must not be missed.
        waiter.signal = Deferred.makeUnsafe<void>()
        return Effect.flatMap(this.#attempt(amount, claims), (result) => {
          if (!("waitedMillis" in result)) return Effect.succeed(result)
          const left = this.#maxWaitMillis - waited()
          return left > 0 && mayFitLater(amount, claims, result)
            ? Effect.andThen(pause(Math.min(left, pollMillis)), step)
            : Effect.succeed({ ...result, waitedMillis: waited() })
        })
      })
      return Effect.ensuring(
        step,
        Effect.suspend(() => {
          this.#waiters.delete(waiter)
          return this.#notify
        })
      )
    })
  }
}
