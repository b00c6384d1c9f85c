/**
 * Circuits that processes share: Effect's own breaker on Redis behind our
 * service.
 *
 * What opened for one process is open for all, and its probe is lent to one of
 * them at a time. Effect's store keeps states, counts and leases; here are the
 * verdicts, the open times, the outages of Redis, and what this process knows.
 *
 * **Details**
 *
 * - Shared: what calls do, `forceOpen` and `reset`.
 * - Of this process alone: `isolate`, `forceClosed` and `restore`, since the
 *   store has no such states. They are in force here until `reset`, a restored
 *   open time until it is over. While Redis is away, `forceOpen` and `reset`
 *   are of this process alone too.
 * - `transitions` and `watch` tell what this process has seen: a circuit that
 *   another process opened is seen at the next call here. `states` asks Redis
 *   for the circuits that were used here; counts of calls stay in Redis.
 * - There is no rate of slow calls. A slow probe is a failed one.
 * - The open time grows with the openings in a row, until the circuit has been
 *   closed for as long as it was last open.
 *
 * **Gotchas**
 *
 * - While Redis is away every call is made and nothing is counted.
 * - A probe is lent for as long as it runs. One that hangs keeps the circuit
 *   half-open for all until its attempt times out.
 * - A probe that was lent just when Redis stopped answering is free again after
 *   its lease.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as EffectBreaker from "effect/persistence/CircuitBreaker"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import type { CircuitOpenError } from "../../../errors/ResilienceErrors.ts"
import type * as Circuit from "./Circuit.ts"
import * as CircuitGuard from "./CircuitGuard.ts"
import { describeRedisOptions, type RedisOptions } from "./CircuitOptions.ts"
import { type Circuits, rejection } from "./Circuits.ts"
import * as CircuitView from "./CircuitView.ts"
import * as StoreOutage from "../../../internal/StoreOutage.ts"

/**
 * Where shared circuits are kept.
 *
 * @category models
 * @since 0.1.0
 */
export interface Store {
  readonly circuits: EffectBreaker.CircuitBreakerStore["Service"]
  /** Forgets a circuit, which is then at its beginning. */
  readonly remove: (key: string) => Effect.Effect<unknown, unknown>
}

interface Permit {
  readonly key: string
  /** Absent when the call goes past the store. */
  readonly admission: EffectBreaker.Admission | undefined
  /** Holds the lease of a probe. */
  readonly scope: Scope.Closeable
}

/** The longest row of openings for which a schedule is asked; what grows has come to its end by then. */
const maxOpenings = 1_000

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

/**
 * Circuits in a store, by options that were checked.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: RedisOptions,
  { circuits, remove }: Store
): Effect.fn.Return<Circuits> {
  const { openDuration, tripPolicy } = options
  const maxOpen = Duration.toMillis(options.maxOpenDuration)
  const clock = yield* Clock.Clock
  const view = yield* CircuitView.make(clock)
  const { isUnavailable, tryRun } = yield* StoreOutage.make({
    timeout: options.timeout,
    cooldown: options.cooldown,
    unavailableMessage: "The store of shared circuits is away: calls are made without circuits until it is back",
    recoveredMessage: "The store of shared circuits is back"
  })

  /** How long the opening of this number in a row lasts, in milliseconds. */
  const openMillis = Effect.fnUntraced(function* (opening: number, retryAfter = 0) {
    const step = yield* Schedule.toStep(openDuration)
    let now = clock.currentTimeMillisUnsafe()
    let millis = 0
    for (let n = 0; n < Math.min(opening, maxOpenings); n++) {
      const wait = yield* Effect.match(step(now, undefined), {
        onSuccess: ([, wait]) => Duration.toMillis(wait),
        onFailure: () => undefined
      })
      if (wait === undefined) break
      millis = wait
      now += wait
    }
    return Math.min(maxOpen, Math.max(millis, retryAfter))
  })

  /** A rejection is an answer of the store like any other. */
  const admission = (key: string, scope: Scope.Scope) =>
    Effect.catch(Scope.provide(circuits.admit(key), scope), ({ reason }) =>
      reason._tag === "CircuitBreakerStoreError" ? Effect.fail(reason) : Effect.succeed(reason)
    )

  const ask = Effect.fnUntraced(function* (
    key: string,
    scope: Scope.Closeable
  ): Effect.fn.Return<Permit, CircuitOpenError> {
    const answer = Option.getOrUndefined(yield* tryRun(admission(key, scope)))
    if (answer === undefined) return { key, admission: undefined, scope }
    if (!("_tag" in answer)) {
      yield* view.record(key, answer.probe ? "HalfOpen" : "Closed")
      return { key, admission: answer, scope }
    }
    const [tag, wait] =
      answer._tag === "CircuitOpen"
        ? (["Open", Duration.toMillis(answer.retryAfter)] as const)
        : (["HalfOpen", undefined] as const)
    yield* view.record(key, tag, wait)
    return yield* Effect.fail(rejection(key, tag, wait))
  })

  const acquire = (key: string): Effect.Effect<Permit, CircuitOpenError> =>
    Effect.suspend(() => {
      const scope = Scope.makeUnsafe()
      const held = view.checkForced(key)
      if (held === undefined) return Effect.onExit(ask(key, scope), (exit) => endUnlessProbe(exit, scope))
      return held === "permitted" ? Effect.succeed({ key, admission: undefined, scope }) : Effect.fail(held)
    })

  /** A probe that was lent too late for this call must not be renewed. */
  const endUnlessProbe = (exit: Exit.Exit<Permit, unknown>, scope: Scope.Closeable) =>
    Exit.isSuccess(exit) && exit.value.admission?.probe === true ? Effect.void : Scope.close(scope, Exit.void)

  const record = Effect.fnUntraced(function* (
    key: string,
    { consecutiveOpenings, generation, probe }: EffectBreaker.Admission,
    outcome: EffectBreaker.Outcome["_tag"],
    retryAfter: number | undefined
  ) {
    // A success closes a probed circuit, but may be the call that lets a rate count.
    const mayOpen = outcome === "Failure" || (outcome === "Success" && !probe && tripPolicy._tag === "Rate")
    const open = mayOpen ? yield* openMillis(consecutiveOpenings + 1, retryAfter) : 0
    const openFor = Duration.millis(open)
    const moved = yield* tryRun(circuits.record({ key, generation, outcome, tripPolicy, openFor }))
    const to = Option.getOrUndefined(moved)?.to
    if (to !== undefined) yield* view.record(key, to, to === "Open" ? open : 0)
  })

  const settle = ({ admission, key, scope }: Permit, outcome: Circuit.Outcome, retryAfter?: number) => {
    if (admission === undefined) return Effect.void
    const { probe } = admission
    const counted = toStoreOutcome(outcome, probe)
    if (!probe) return counted === "Ignored" ? Effect.void : record(key, admission, counted, retryAfter)
    return Effect.ensuring(record(key, admission, counted, retryAfter), Scope.close(scope, Exit.void))
  }

  /** Opens a circuit by one failure, whatever its state was, and gives its open time if it did. */
  const openAtOnce = Effect.fnUntraced(function* (key: string, scope: Scope.Scope) {
    const before = yield* circuits.state(key)
    const open = yield* openMillis(before._tag === "Closed" ? 1 : before.consecutiveOpenings + 1)
    yield* remove(key)
    const answer = yield* admission(key, scope)
    // Others may have been faster.
    if ("_tag" in answer) return undefined
    const moved = yield* circuits.record({
      key,
      generation: answer.generation,
      outcome: "Failure",
      tripPolicy: { _tag: "Consecutive", failures: 1 },
      openFor: Duration.millis(open)
    })
    return moved?.to === "Open" ? open : undefined
  })

  const forceOpen = Effect.fnUntraced(function* (key: string) {
    const opened = Option.getOrUndefined(yield* tryRun(Effect.scopedWith((scope) => openAtOnce(key, scope))))
    if (opened === undefined) {
      const open = yield* openMillis(1)
      return yield* view.force(key, "Open", clock.currentTimeMillisUnsafe() + open)
    }
    yield* view.clearForced(key)
    return yield* view.record(key, "Open", opened)
  }, Effect.uninterruptible)

  const refresh = (key: string) =>
    Effect.flatMap(
      tryRun(circuits.state(key)),
      Option.match({
        onNone: () => Effect.void,
        onSome: (state) => view.record(key, state._tag, state._tag === "Open" ? Duration.toMillis(state.retryAfter) : 0)
      })
    )

  return {
    guard: CircuitGuard.make({ acquire, record: settle }),
    acquire: (key) =>
      Effect.map(acquire(key), (permit) => ({ record: (outcome, retryAfter) => settle(permit, outcome, retryAfter) })),
    slowAfter: options.slowAfter,
    // A circuit that nobody keeps rejects nobody.
    watch: (key) => {
      const rejected = view.watch(key)
      return () => (isUnavailable() && !view.get(key).isForced ? undefined : rejected())
    },
    states: Effect.suspend(() => {
      const keys = view.entries().map(({ key }) => key)
      return Effect.map(
        Effect.forEach(keys, refresh, { concurrency: 16, discard: true }),
        () => new Map(view.entries().map((entry) => [entry.key, CircuitView.toCircuit(entry)]))
      )
    }),
    restore: (states) =>
      Effect.forEach(
        states,
        ([key, circuit]) =>
          circuit._tag === "Closed" || circuit._tag === "HalfOpen"
            ? view.clearForced(key)
            : view.force(key, circuit._tag, circuit._tag === "Open" ? circuit.until : 0),
        { discard: true }
      ),
    isolate: (key) => view.force(key, "Isolated"),
    forceClosed: (key) => view.force(key, "ForcedClosed"),
    forceOpen,
    reset: (key) => Effect.uninterruptible(Effect.andThen(tryRun(remove(key)), view.clearForced(key))),
    transitions: view.transitions,
    options: describeRedisOptions(options)
  }
})
