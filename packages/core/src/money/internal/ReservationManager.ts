/**
 * Holds prices in a store for as long as somebody uses them: within a time of
 * its own for each operation, with leases that are renewed, and with
 * settlements that are told again when the store did not hear them.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { BudgetStoreError } from "../../errors/MoneyErrors.ts"
import * as StoreOutage from "../../internal/StoreOutage.ts"
import * as Amount from "./Amount.ts"
import * as BudgetEvents from "./BudgetEvent.ts"
import * as BudgetStore from "../BudgetStore.ts"
import type { SpentChange, Claim, ScopeBalance, ReserveResult } from "./Ledger.ts"

/**
 * A price that is held.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reservation {
  readonly amount: bigint
  /** Pays what was used and gives the rest back, once; never fails. */
  readonly settle: (used: bigint) => Effect.Effect<void>
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
 * @category models
 * @since 0.1.0
 */
export interface ReservationManager {
  /** Holds a price in all scopes or in none. It waits at most for the store's timeout, and holds an interrupt back. */
  readonly reserve: (
    amount: bigint,
    claims: ReadonlyArray<Claim>
  ) => Effect.Effect<Reservation | Exclude<ReserveResult, { _tag: "Reserved" }>, BudgetStoreError>
  /** The error of a store that has no room for another scope. */
  readonly scopeLimitError: BudgetStoreError
  readonly scopeBalances: Effect.Effect<ReadonlyArray<ScopeBalance>, BudgetStoreError>
}

/** How long a store is left alone that did not answer. */
const cooldown = Duration.millis(250)

/**
 * Keeps what is held until the scope is closed. What the store has not been
 * told by then lapses there, at its full price.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  store: BudgetStore.BudgetStore["Service"],
  options: Options,
  events: PubSub.PubSub<BudgetEvents.BudgetEvent>
): Effect.fn.Return<ReservationManager, never, Scope.Scope> {
  const clock = yield* Clock.Clock
  const owner = crypto.randomUUID()
  const leaseMillis = Duration.toMillis(options.lease)
  const held = new Set<string>()
  /** What was settled and not heard by the store. */
  const unheard = new Map<string, bigint>()
  let holds = 0

  const outage = yield* StoreOutage.make({
    timeout: options.timeout,
    cooldown,
    unavailableMessage: `The ${store.name} store of the budget does not answer`,
    recoveredMessage: `The ${store.name} store of the budget answers again`
  })

  const within = <A>(
    operation: string,
    effect: Effect.Effect<A, BudgetStoreError>
  ): Effect.Effect<A, BudgetStoreError> =>
    Effect.flatMap(
      outage.tryRun(effect),
      Option.match({
        onNone: () => Effect.fail(BudgetStore.storeError(store.name, operation, "it does not answer, as the log says")),
        onSome: Effect.succeed
      })
    )

  const tell = (changes: ReadonlyArray<SpentChange>): Effect.Effect<void> => {
    if (changes.length === 0) return Effect.void
    const crossed = BudgetEvents.thresholdCrossings(changes, options.thresholds, clock.currentTimeMillisUnsafe())
    return crossed.length === 0 ? Effect.void : Effect.asVoid(PubSub.publishAll(events, crossed))
  }

  const settle = (id: string, used: bigint): Effect.Effect<void, BudgetStoreError> =>
    Effect.flatMap(within("settle", store.settle(id, used)), (changes) => {
      unheard.delete(id)
      return tell(changes)
    })

  const settleOrRemember = (id: string, used: bigint): Effect.Effect<void> =>
    Effect.suspend(() => {
      held.delete(id)
      unheard.set(id, used)
      return Effect.ignore(settle(id, used))
    })

  const sayUnheard = Effect.suspend(() =>
    // One after the other, and not the rest when one fails: a store that is away costs one wait.
    Effect.forEach([...unheard], ([id, used]) => settle(id, used), { discard: true })
  )

  const renew = Effect.suspend(() =>
    held.size === 0 && unheard.size === 0
      ? Effect.void
      : Effect.flatMap(within("renew", store.renew([...held, ...unheard.keys()], leaseMillis)), tell)
  )

  yield* Effect.addFinalizer(() => Effect.ignore(sayUnheard))
  yield* Effect.forkScoped(
    Effect.schedule(
      Effect.exit(Effect.andThen(renew, sayUnheard)),
      Schedule.spaced(Duration.millis(Math.max(1, Math.floor(leaseMillis / 3))))
    )
  )

  const keep = (id: string, amount: bigint, claims: ReadonlyArray<Claim>): Reservation => {
    let isSettled = false
    held.add(id)
    return {
      amount,
      settle: (used) =>
        Effect.uninterruptible(
          Effect.suspend(() => {
            if (isSettled) return Effect.void
            isSettled = true
            const paid = used > Amount.maxAmount ? Amount.maxAmount : used
            const settled = settleOrRemember(id, paid)
            if (paid <= amount) return settled
            const at = clock.currentTimeMillisUnsafe()
            return Effect.andThen(settled, PubSub.publishAll(events, BudgetEvents.overruns(claims, amount, paid, at)))
          })
        )
    }
  }

  return {
    reserve: (amount, claims) =>
      Effect.uninterruptible(
        Effect.suspend(() => {
          const id = `${owner}:${(holds += 1)}`
          let isAsked = false
          const reserve = Effect.suspend(() => {
            isAsked = true
            return store.reserve({ id, amount, claims }, leaseMillis)
          })
          return Effect.matchEffect(within("reserve", reserve), {
            onFailure: (error) => {
              // The store may have done it and not been able to say so. One that is left alone has done nothing.
              if (isAsked) unheard.set(id, 0n)
              return Effect.fail(error)
            },
            onSuccess: ({ changes, result }) =>
              Effect.as(tell(changes), result._tag === "Reserved" ? keep(id, amount, claims) : result)
          })
        })
      ),
    scopeBalances: within("read", store.scopeBalances),
    scopeLimitError: BudgetStore.storeError(store.name, "reserve", "it has no room for another scope")
  }
})
