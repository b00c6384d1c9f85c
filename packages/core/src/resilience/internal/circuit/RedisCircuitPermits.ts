/**
 * Permits of circuits in a shared store.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as EffectBreaker from "effect/persistence/CircuitBreaker"
import * as Scope from "effect/Scope"
import type { CircuitOpenError } from "../../../errors/ResilienceErrors.ts"
import type { StoreOutage } from "../../../internal/StoreOutage.ts"
import type * as Circuit from "./Circuit.ts"
import type { PermitSource } from "./CircuitGuard.ts"
import type { TripPolicy } from "./CircuitOptions.ts"
import { rejection } from "./Circuits.ts"
import type { CircuitView } from "./CircuitView.ts"
import type { OpenDuration } from "./OpenDuration.ts"

/**
 * The store of shared circuits.
 *
 * @category models
 * @since 0.1.0
 */
export interface Store {
  readonly circuits: EffectBreaker.CircuitBreakerStore["Service"]
  /** Deletes a circuit, which resets it to its initial state. */
  readonly remove: (key: string) => Effect.Effect<unknown, unknown>
}

/**
 * @category models
 * @since 0.1.0
 */
interface StoredPermit {
  readonly key: string
  readonly admission: EffectBreaker.Admission
  /** Holds the lease of a probe. */
  readonly scope: Scope.Closeable
}

/** None if the call bypasses the store. */
type Permit = StoredPermit | undefined

/**
 * @category models
 * @since 0.1.0
 */
export interface Dependencies {
  readonly store: Store
  readonly view: CircuitView
  readonly tripPolicy: TripPolicy
  readonly openMillis: OpenDuration
  readonly tryRun: StoreOutage["tryRun"]
}

/**
 * @category models
 * @since 0.1.0
 */
export interface RedisCircuitPermits extends PermitSource<Permit> {
  /** Opens a circuit at once, in any state; returns its open duration in milliseconds if it was opened here. */
  readonly openNow: (key: string) => Effect.Effect<Option.Option<number | undefined>>
}

const toStoreOutcome = (outcome: Circuit.Outcome, isProbe: boolean): EffectBreaker.Outcome["_tag"] => {
  switch (outcome) {
    case "success":
      return "Success"
    case "failure":
      return "Failure"
    case "slow":
      return isProbe ? "Failure" : "Success"
    case "ignored":
      return "Ignored"
  }
}

/** Closes the scope unless it holds the lease of a probe. The lease of a probe that came too late must not be renewed. */
const closeUnlessProbe = (exit: Exit.Exit<Permit, unknown>, scope: Scope.Closeable) =>
  Exit.isSuccess(exit) && exit.value?.admission.probe === true ? Effect.void : Scope.close(scope, Exit.void)

const makeAcquire = ({ store: { circuits }, tryRun, view }: Dependencies) => {
  /** The store's reply. A rejection is a reply like any other. */
  const admit = (key: string, scope: Scope.Scope) =>
    Effect.catch(Scope.provide(circuits.admit(key), scope), ({ reason }) =>
      reason._tag === "CircuitBreakerStoreError" ? Effect.fail(reason) : Effect.succeed(reason)
    )

  const requestPermit = Effect.fnUntraced(function* (
    key: string,
    scope: Scope.Closeable
  ): Effect.fn.Return<Permit, CircuitOpenError> {
    const reply = Option.getOrUndefined(yield* tryRun(admit(key, scope)))
    if (reply === undefined) return undefined
    if (!("_tag" in reply)) {
      yield* view.record(key, reply.probe ? "HalfOpen" : "Closed")
      return { key, admission: reply, scope }
    }
    const [tag, wait] =
      reply._tag === "CircuitOpen"
        ? (["Open", Duration.toMillis(reply.retryAfter)] as const)
        : (["HalfOpen", undefined] as const)
    yield* view.record(key, tag, wait)
    return yield* Effect.fail(rejection(key, tag, wait))
  })

  const acquire = (key: string): Effect.Effect<Permit, CircuitOpenError> =>
    Effect.suspend(() => {
      const scope = Scope.makeUnsafe()
      const forced = view.checkForced(key)
      if (forced === undefined) {
        return Effect.onExit(requestPermit(key, scope), (exit) => closeUnlessProbe(exit, scope))
      }
      return forced === "permitted" ? Effect.succeed(undefined) : Effect.fail(forced)
    })

  return { acquire, admit }
}

const makeRecord = ({ openMillis, store: { circuits }, tripPolicy, tryRun, view }: Dependencies) => {
  const recordOutcome = Effect.fnUntraced(function* (
    key: string,
    { consecutiveOpenings, generation, probe }: EffectBreaker.Admission,
    outcome: EffectBreaker.Outcome["_tag"],
    retryAfter: number | undefined
  ) {
    // A success closes a probed circuit, but may be the call with which a rate reaches its minimum of calls.
    const mayOpen = outcome === "Failure" || (outcome === "Success" && !probe && tripPolicy._tag === "Rate")
    const open = mayOpen ? yield* openMillis(consecutiveOpenings + 1, retryAfter) : 0
    const openFor = Duration.millis(open)
    const transition = yield* tryRun(circuits.record({ key, generation, outcome, tripPolicy, openFor }))
    const to = Option.getOrUndefined(transition)?.to
    if (to !== undefined) yield* view.record(key, to, open)
  })

  return (permit: Permit, outcome: Circuit.Outcome, retryAfter?: number): Effect.Effect<void> => {
    if (permit === undefined) return Effect.void
    const { admission, key, scope } = permit
    const { probe } = admission
    const storeOutcome = toStoreOutcome(outcome, probe)
    if (!probe)
      return storeOutcome === "Ignored" ? Effect.void : recordOutcome(key, admission, storeOutcome, retryAfter)
    return Effect.ensuring(recordOutcome(key, admission, storeOutcome, retryAfter), Scope.close(scope, Exit.void))
  }
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (dependencies: Dependencies): RedisCircuitPermits => {
  const { openMillis, store, tryRun } = dependencies
  const { acquire, admit } = makeAcquire(dependencies)

  const openByFailure = Effect.fnUntraced(function* (key: string, scope: Scope.Scope) {
    const before = yield* store.circuits.state(key)
    const open = yield* openMillis(before._tag === "Closed" ? 1 : before.consecutiveOpenings + 1)
    yield* store.remove(key)
    const reply = yield* admit(key, scope)
    // Another process may have opened it first.
    if ("_tag" in reply) return undefined
    const transition = yield* store.circuits.record({
      key,
      generation: reply.generation,
      outcome: "Failure",
      tripPolicy: { _tag: "Consecutive", failures: 1 },
      openFor: Duration.millis(open)
    })
    return transition?.to === "Open" ? open : undefined
  })

  return {
    acquire,
    record: makeRecord(dependencies),
    openNow: (key) => tryRun(Effect.scopedWith((scope) => openByFailure(key, scope)))
  }
}
