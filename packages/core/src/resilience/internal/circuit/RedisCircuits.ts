/**
 * Circuits that processes share: Effect's own circuit breaker on Redis behind
 * our service.
 *
 * A circuit that one process opens is open for all, and its probe is leased to
 * one of them at a time. Effect's store keeps states, counts and leases; this
 * module adds outcomes, open durations, outages of Redis, and the view of this
 * process.
 *
 * **Details**
 *
 * - Shared: call outcomes, `forceOpen` and `reset`.
 * - Local to this process: `isolate`, `forceClosed` and `restore`, since the
 *   store has no such states. They apply here until `reset`, a restored open
 *   duration until it is over. While Redis is unavailable, `forceOpen` and
 *   `reset` are local too.
 * - `transitions` and `watch` report what this process has seen: a circuit that
 *   another process opened is seen at the next call here. `states` reads Redis
 *   for the circuits that were used here, but for at most 128 of them: those
 *   that are not closed, then the latest used. Counts of calls stay in Redis.
 * - There is no rate of slow calls. A slow probe is a failed one.
 * - The open duration grows with the openings in a row, until the circuit has
 *   been closed for as long as it was last open.
 *
 * **Gotchas**
 *
 * - While Redis is unavailable every call is made and nothing is counted.
 * - A probe is leased for as long as it runs. One that hangs keeps the circuit
 *   half-open for all until its attempt times out.
 * - A probe that was leased just when Redis stopped answering is free again
 *   after its lease.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import * as StoreOutage from "../../../internal/StoreOutage.ts"
import * as CircuitGuard from "./CircuitGuard.ts"
import { describeRedisOptions, type RedisValues } from "./CircuitOptions.ts"
import type { Circuits } from "./Circuits.ts"
import * as CircuitView from "./CircuitView.ts"
import * as OpenDuration from "./OpenDuration.ts"
import * as RedisCircuitPermits from "./RedisCircuitPermits.ts"

/** Circuits that `states` reads from the store at most. Each read is a command. */
const maxRefreshed = 128

type Entries = ReturnType<CircuitView.CircuitView["entries"]>

/** The circuits to read: those that were not closed, and then the latest used. */
const keysToRefresh = (entries: Entries): ReadonlyArray<string> => {
  const closed = entries.filter(({ tag }) => tag === "Closed")
  const others = entries.filter(({ tag }) => tag !== "Closed")
  return [...closed, ...others].slice(-maxRefreshed).map(({ key }) => key)
}

/**
 * Circuits in a store, from checked options.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: RedisValues,
  store: RedisCircuitPermits.Store
): Effect.fn.Return<Circuits> {
  const clock = yield* Clock.Clock
  const view = yield* CircuitView.make(clock)
  const { isUnavailable, tryRun } = yield* StoreOutage.make({
    timeout: options.timeout,
    cooldown: options.cooldown,
    unavailableMessage:
      "The store of shared circuits is unavailable: calls are made without a circuit breaker until it is available again",
    recoveredMessage: "The store of shared circuits is available again"
  })
  const openMillis = OpenDuration.make(options, clock)
  const { tripPolicy } = options
  const permits = RedisCircuitPermits.make({ store, view, tripPolicy, openMillis, tryRun })

  /** A Unix time as one of this process. The clock may have been set since, so it is never over the longest duration. */
  const untilOf = (unixMillis: number): number => {
    const remaining = unixMillis - clock.currentTimeMillisUnsafe()
    return MonotonicClock.millisUnsafe(clock) + Math.min(remaining, Duration.toMillis(options.maxOpenDuration))
  }

  const forceOpen = Effect.fnUntraced(function* (key: string) {
    const opened = Option.getOrUndefined(yield* permits.openNow(key))
    if (opened === undefined) {
      const open = yield* openMillis(1)
      return yield* view.force(key, "Open", MonotonicClock.millisUnsafe(clock) + open)
    }
    yield* view.clearForced(key)
    return yield* view.record(key, "Open", opened)
  }, Effect.uninterruptible)

  const refresh = (key: string) =>
    Effect.flatMap(
      tryRun(store.circuits.state(key)),
      Option.match({
        onNone: () => Effect.void,
        onSome: (state) => view.record(key, state._tag, state._tag === "Open" ? Duration.toMillis(state.retryAfter) : 0)
      })
    )

  return {
    guard: CircuitGuard.make(permits),
    acquire: CircuitGuard.acquirePermit(permits),
    slowAfter: options.slowAfter,
    // A circuit whose store is unavailable rejects no call.
    watch: (key) => {
      const rejected = view.watch(key)
      return () => (isUnavailable() && !view.get(key).isForced ? undefined : rejected())
    },
    states: Effect.suspend(() => {
      const keys = keysToRefresh(view.entries())
      return Effect.map(Effect.forEach(keys, refresh, { concurrency: 16, discard: true }), view.states)
    }),
    restore: (states) =>
      Effect.forEach(
        states,
        ([key, circuit]) =>
          circuit._tag === "Closed" || circuit._tag === "HalfOpen"
            ? view.clearForced(key)
            : view.force(key, circuit._tag, circuit._tag === "Open" ? untilOf(circuit.until) : 0),
        { discard: true }
      ),
    isolate: (key) => view.force(key, "Isolated"),
    forceClosed: (key) => view.force(key, "ForcedClosed"),
    forceOpen,
    reset: (key) => Effect.uninterruptible(Effect.andThen(tryRun(store.remove(key)), view.clearForced(key))),
    transitions: view.transitions,
    options: describeRedisOptions(options)
  }
})
