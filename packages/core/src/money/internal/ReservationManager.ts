/**
 * Reserves amounts in a store for as long as calls use them: each operation is
 * bounded in time, leases are renewed, and settlements that the store did not
 * acknowledge are retried.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { EventHub } from "../../internal/EventHub.ts"
import { BudgetStoreError } from "../../errors/MoneyErrors.ts"
import * as StoreOutage from "../../internal/StoreOutage.ts"
import type * as BudgetStore from "../BudgetStore.ts"
import { storeError } from "./storeError.ts"
import * as Amount from "./Amount.ts"
import * as BudgetEvents from "./BudgetEvent.ts"
import * as ImmediateStores from "./ImmediateStores.ts"
import type { Claim, ReserveResult, ScopeBalance, SpentChange } from "./Ledger.ts"

/**
 * A reserved amount.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reservation {
  readonly amount: bigint
  /** Charges what was used and releases the rest, once; never fails. */
  readonly settle: (used: bigint) => Effect.Effect<void>
  /**
   * The same, as far as nothing has to be waited for. Returns the rest, and `undefined` if there is none. What was
   * begun is settled in the background if the rest is not run.
   */
  readonly settleNow: (used: bigint) => Effect.Effect<void> | undefined
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly thresholds: ReadonlyArray<number>
  readonly lease: Duration.Duration
  readonly timeout: Duration.Duration
}

/**
 * A reservation, or why there is none.
 *
 * @category models
 * @since 0.1.0
 */
export type Reserved = Reservation | Exclude<ReserveResult, { _tag: "Reserved" }>

const ignore = (): void => {}

/** How long a store is not used after it did not reply. */
const cooldown = Duration.millis(250)

/**
 * Reservations of this process. Their leases are renewed until the scope
 * closes; what the store has not acknowledged by then expires there, at its
 * full amount.
 *
 * @category models
 * @since 0.1.0
 */
export class ReservationManager {
  readonly #store: BudgetStore.BudgetStore["Service"]
  /** The operations of a store in which nothing has to be waited for. */
  readonly #immediate: ImmediateStores.Operations | undefined
  readonly #thresholds: ReadonlyArray<number>
  readonly #leaseMillis: number
  readonly #hub: EventHub<BudgetEvents.BudgetEvent>
  readonly #clock: Clock.Clock
  readonly #outage: StoreOutage.StoreOutage
  readonly #owner = crypto.randomUUID()
  readonly #activeIds = new Set<string>()
  /** Settlements that the store has not acknowledged. */
  readonly #unacknowledged = new Map<string, bigint>()
  #lastId = 0
  /** The error of a store that has no capacity for another scope. */
  readonly scopeLimitError: BudgetStoreError
  readonly scopeBalances: Effect.Effect<ReadonlyArray<ScopeBalance>, BudgetStoreError>

  constructor(
    store: BudgetStore.BudgetStore["Service"],
    { lease, thresholds }: Options,
    hub: EventHub<BudgetEvents.BudgetEvent>,
    clock: Clock.Clock,
    outage: StoreOutage.StoreOutage
  ) {
    this.#store = store
    this.#immediate = ImmediateStores.operationsOf(store)
    this.#thresholds = thresholds
    this.#leaseMillis = Duration.toMillis(lease)
    this.#hub = hub
    this.#clock = clock
    this.#outage = outage
    this.scopeLimitError = storeError(store.name, "reserve", "it has no capacity for another scope")
    this.scopeBalances = this.#attempt("read", store.scopeBalances)
  }

  /**
   * Reserves an amount in all scopes or in none, and calls `onSettled` when it
   * is settled. `undefined` if the store has to be waited for.
   */
  reserveNow(amount: bigint, claims: ReadonlyArray<Claim>, onSettled: () => void = ignore): Reserved | undefined {
    if (this.#immediate === undefined) return undefined
    const id = this.#nextId()
    return this.#replied(
      this.#immediate.reserve({ id, amount, claims }, this.#leaseMillis),
      id,
      amount,
      claims,
      onSettled
    )
  }

  /**
   * The same in any store. It waits at most for the store's timeout, and delays
   * an interrupt until then.
   */
  reserve(
    amount: bigint,
    claims: ReadonlyArray<Claim>,
    onSettled: () => void = ignore
  ): Effect.Effect<Reserved, BudgetStoreError> {
    return Effect.uninterruptible(
      Effect.suspend(() => {
        const reserved = this.reserveNow(amount, claims, onSettled)
        if (reserved !== undefined) return Effect.succeed(reserved)
        const id = this.#nextId()
        let wasSent = false
        const reserve = Effect.suspend(() => {
          wasSent = true
          return this.#store.reserve({ id, amount, claims }, this.#leaseMillis)
        })
        return Effect.matchEffect(this.#attempt("reserve", reserve), {
          onFailure: (error) => {
            // The store may have reserved without being able to reply, unless it was not called.
            if (wasSent) this.#unacknowledged.set(id, 0n)
            return Effect.fail(error)
          },
          onSuccess: (reply) => Effect.succeed(this.#replied(reply, id, amount, claims, onSettled))
        })
      })
    )
  }

  /** Reserves an amount that outlives this process, under an id of the caller. Its lease is not renewed. */
  hold(
    id: string,
    amount: bigint,
    claims: ReadonlyArray<Claim>,
    leaseMillis: number
  ): Effect.Effect<ReserveResult, BudgetStoreError> {
    return Effect.uninterruptible(
      Effect.suspend(() => {
        // An earlier settlement of this id must not release what is reserved now.
        this.#unacknowledged.delete(id)
        return Effect.map(
          this.#attempt("reserve", this.#store.reserve({ id, amount, claims, isCorrectable: true }, leaseMillis)),
          ({ changes, result }) => {
            this.#publish(changes)
            return result
          }
        )
      })
    )
  }

  /**
   * Settles what any process has reserved with `hold`, or corrects what was charged
   * when its lease ended. Nothing happens if it was settled. One that the store does not acknowledge is retried.
   */
  settleHold(id: string, used: bigint): Effect.Effect<void, BudgetStoreError> {
    return Effect.uninterruptible(
      Effect.suspend(() => {
        this.#unacknowledged.set(id, used)
        return this.#settle(id, used)
      })
    )
  }

  /** Renews the leases of what is reserved. */
  renew(): Effect.Effect<void, BudgetStoreError> {
    return Effect.suspend(() => {
      if (this.#activeIds.size === 0 && this.#unacknowledged.size === 0) return Effect.void
      const ids = [...this.#activeIds, ...this.#unacknowledged.keys()]
      return Effect.map(this.#attempt("renew", this.#store.renew(ids, this.#leaseMillis)), (changes) =>
        this.#publish(changes)
      )
    })
  }

  /**
   * Retries settlements that the store has not acknowledged: one after the
   * other, up to the first failure, so that an unavailable store costs one wait.
   */
  retryUnacknowledged(): Effect.Effect<void, BudgetStoreError> {
    return Effect.suspend(() =>
      Effect.forEach([...this.#unacknowledged], ([id, used]) => this.#settle(id, used), { discard: true })
    )
  }

  #nextId(): string {
    return `${this.#owner}:${(this.#lastId += 1)}`
  }

  #replied(
    { changes, result }: BudgetStore.ReserveReply,
    id: string,
    amount: bigint,
    claims: ReadonlyArray<Claim>,
    onSettled: () => void
  ): Reserved {
    this.#publish(changes)
    return result._tag === "Reserved" ? this.#track(id, amount, claims, onSettled) : result
  }

  #attempt<A>(operation: string, effect: Effect.Effect<A, BudgetStoreError>): Effect.Effect<A, BudgetStoreError> {
    if (this.#immediate !== undefined) return effect
    return Effect.flatMap(
      this.#outage.tryRun(effect),
      Option.match({
        onNone: () => Effect.fail(this.#unavailable(operation)),
        onSome: Effect.succeed
      })
    )
  }

  /** Why the store is not used: the failure of the latest operation that was attempted. */
  #unavailable(operation: string): BudgetStoreError {
    const failure = this.#outage.failure()
    if (failure instanceof BudgetStoreError) return new BudgetStoreError({ ...failure, message: failure.message })
    const reason = Cause.isTimeoutError(failure) ? failure.message : "it is unavailable (see the log)"
    return storeError(this.#store.name, operation, reason)
  }

  #publish(changes: ReadonlyArray<SpentChange>): void {
    if (changes.length === 0) return
    const crossed = BudgetEvents.thresholdCrossings(changes, this.#thresholds, this.#clock.currentTimeMillisUnsafe())
    for (const event of crossed) this.#hub.publish(event)
  }

  #settle(id: string, used: bigint): Effect.Effect<void, BudgetStoreError> {
    return Effect.map(this.#attempt("settle", this.#store.settle(id, used)), (changes) => {
      this.#unacknowledged.delete(id)
      this.#publish(changes)
    })
  }

  /** Settles, or keeps the settlement for another attempt. */
  #settleNow(id: string, used: bigint): Effect.Effect<void> | undefined {
    this.#activeIds.delete(id)
    if (this.#immediate !== undefined) {
      this.#publish(this.#immediate.settle(id, used))
      return undefined
    }
    this.#unacknowledged.set(id, used)
    return Effect.ignore(this.#settle(id, used))
  }

  #track(id: string, amount: bigint, claims: ReadonlyArray<Claim>, onSettled: () => void): Reservation {
    let isSettled = false
    this.#activeIds.add(id)
    const settleNow = (used: bigint): Effect.Effect<void> | undefined => {
      if (isSettled) return undefined
      isSettled = true
      const paid = used > Amount.maxAmount ? Amount.maxAmount : used
      const at = paid > amount ? this.#clock.currentTimeMillisUnsafe() : undefined
      const finish = () => {
        if (at !== undefined)
          for (const event of BudgetEvents.overruns(claims, amount, paid, at)) this.#hub.publish(event)
        onSettled()
      }
      const rest = this.#settleNow(id, paid)
      if (rest !== undefined) return Effect.map(rest, finish)
      finish()
      return undefined
    }
    return {
      amount,
      settleNow,
      settle: (used) => Effect.uninterruptible(Effect.suspend(() => settleNow(used) ?? Effect.void))
    }
  }
}

/**
 * A manager that renews and retries in the background until the scope closes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  store: BudgetStore.BudgetStore["Service"],
  options: Options,
  hub: EventHub<BudgetEvents.BudgetEvent>
): Effect.fn.Return<ReservationManager, never, Scope.Scope> {
  const clock = yield* Clock.Clock
  const outage = yield* StoreOutage.make({
    timeout: options.timeout,
    cooldown,
    unavailableMessage: `The ${store.name} store of the budget is unavailable`,
    recoveredMessage: `The ${store.name} store of the budget is available again`
  })
  const manager = new ReservationManager(store, options, hub, clock, outage)
  yield* Effect.addFinalizer(() => Effect.ignore(manager.retryUnacknowledged()))
  yield* Effect.forkScoped(
    Effect.schedule(
      Effect.exit(Effect.andThen(manager.renew(), manager.retryUnacknowledged())),
      Schedule.spaced(Duration.millis(Math.max(1, Math.floor(Duration.toMillis(options.lease) / 3))))
    )
  )
  return manager
})
