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
import type { Claim, ReserveResult } from "./Ledger.ts"
import type { Reservation, ReservationManager, Reserved } from "./ReservationManager.ts"

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

/** What the store replied, before any wait. */
const withWait = (reserved: Reserved): QueueResult =>
  "settle" in reserved || reserved._tag === "ScopeLimitReached" ? reserved : { ...reserved, waitedMillis: 0 }

/** Whether the amount was refused, and fits after other reservations have settled for nothing. */
const isWorthWait = (amount: bigint, claims: ReadonlyArray<Claim>, result: QueueResult): boolean =>
  "waitedMillis" in result &&
  result.reserved > 0n &&
  result.spent + amount <= result.cap &&
  claims.every((claim) => amount <= claim.cap)

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
   * of them. `undefined` if the call has to wait for them or for the store.
   */
  reserveNow(amount: bigint, claims: ReadonlyArray<Claim>, canWait: boolean): QueueResult | undefined {
    const mayWait = this.#mayWait(canWait)
    if (mayWait && this.#isBehind(claims)) return undefined
    const reserved = this.#manager.reserveNow(amount, claims, this.#notify)
    if (reserved === undefined) return undefined
    const result = withWait(reserved)
    return mayWait && isWorthWait(amount, claims, result) ? undefined : result
  }

  /** The same with a wait, which is all of it that can be interrupted. */
  reserve(
    amount: bigint,
    claims: ReadonlyArray<Claim>,
    canWait: boolean
  ): Effect.Effect<QueueResult, BudgetStoreError> {
    return Effect.suspend(() => {
      const mayWait = this.#mayWait(canWait)
      if (mayWait && this.#isBehind(claims)) return this.#wait(amount, claims)
      return Effect.flatMap(this.#attempt(amount, claims), (result) =>
        mayWait && isWorthWait(amount, claims, result) ? this.#wait(amount, claims) : Effect.succeed(result)
      )
    })
  }

  #mayWait(canWait: boolean): boolean {
    return canWait && this.#maxWaitMillis > 0
  }

  #attempt(amount: bigint, claims: ReadonlyArray<Claim>): Effect.Effect<QueueResult, BudgetStoreError> {
    return Effect.map(this.#manager.reserve(amount, claims, this.#notify), withWait)
  }

  /** Signals every waiter that has none before it in any of its scopes. */
  readonly #notify = (): void => {
    if (this.#waiters.size === 0) return
    const taken = new Set<string>()
    for (const { claims, signal } of this.#waiters) {
      if (!claims.some(({ scope }) => taken.has(scope))) Deferred.doneUnsafe(signal, Effect.void)
      for (const { scope } of claims) taken.add(scope)
    }
  }

  /** Whether a call that arrived earlier, or any if the call does not wait yet, shares a scope. */
  #isBehind(claims: ReadonlyArray<Claim>, waiter?: Waiter): boolean {
    if (this.#waiters.size === 0) return false
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
          return left > 0 && isWorthWait(amount, claims, result)
            ? Effect.andThen(pause(Math.min(left, pollMillis)), step)
            : Effect.succeed({ ...result, waitedMillis: waited() })
        })
      })
      return Effect.ensuring(
        step,
        Effect.sync(() => {
          this.#waiters.delete(waiter)
          this.#notify()
        })
      )
    })
  }
}
