/**
 * Circuits in this process. `Circuit` is the state machine; this module adds
 * the clock, the open durations and the subscribers.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { CircuitOpenError } from "../../../errors/ResilienceErrors.ts"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import * as ErrorClassifier from "../ErrorClassifier.ts"
import * as Circuit from "./Circuit.ts"
import * as CircuitGuard from "./CircuitGuard.ts"
import { describeOptions, type Values } from "./CircuitOptions.ts"
import { CircuitRegistry, type Entry } from "./CircuitRegistry.ts"
import { type Circuits, type FailureClassifier, rejection } from "./Circuits.ts"

interface Permit extends Circuit.Permit {
  readonly entry: Entry
}

/** A restored circuit in place of a live one: results of running calls no longer count for it, and its probes are lost. */
const rebaseRestored = (restored: Circuit.Circuit, live: Circuit.Circuit): Circuit.Circuit => {
  const epoch = Math.max(restored.epoch, live.epoch) + 1
  return restored._tag === "HalfOpen" ? { ...restored, epoch, probes: [], expiredProbes: [] } : { ...restored, epoch }
}

/** Acquires and settles the permits of a registry. */
const makePermits = (registry: CircuitRegistry, clock: Clock.Clock): CircuitGuard.PermitSource<Permit> => {
  const { policy } = registry
  const acquire = (entry: Entry): Effect.Effect<Permit, CircuitOpenError> => {
    const acquired = Circuit.acquire(entry.circuit, policy, MonotonicClock.millisUnsafe(clock))
    const moved = registry.transition(entry, acquired.circuit)
    return acquired.permit === undefined
      ? Effect.andThen(moved, Effect.fail(rejection(entry.key, acquired.circuit._tag, acquired.retryAfter)))
      : Effect.as(moved, { ...acquired.permit, entry })
  }
  return {
    acquire: (key) => Effect.flatMap(registry.get(key), acquire),
    record: (permit, outcome, retryAfter) => {
      const { entry } = permit
      const now = MonotonicClock.millisUnsafe(clock)
      if (outcome === "success") entry.retryNotBefore = 0
      else if (outcome === "failure" && retryAfter !== undefined) {
        entry.retryNotBefore = Math.max(entry.retryNotBefore, now + retryAfter)
      }
      const next = () => Circuit.record(entry.circuit, policy, permit, outcome, now, registry.openUntil(entry, now))
      const circuit = next()
      if (circuit._tag !== entry.circuit._tag) {
        return Effect.uninterruptible(Effect.suspend(() => registry.transition(entry, next())))
      }
      // The common case: the call is counted and nothing has to be published.
      entry.circuit = circuit
      return Effect.void
    }
  }
}

/** Guards that need no protection from interruption while a circuit is closed: a call then has no permit to return. */
const makeGuard = (
  registry: CircuitRegistry,
  { record }: CircuitGuard.PermitSource<Permit>,
  guard: Circuits["guard"]
): Circuits["guard"] => {
  const guardClosed = <A, E, R>(permit: Permit, classifier: FailureClassifier<E>, attempt: Effect.Effect<A, E, R>) =>
    Effect.matchCauseEffect(attempt, {
      onSuccess: (value) => {
        const recorded = record(permit, "success")
        return recorded === Effect.void ? Effect.succeed(value) : Effect.as(recorded, value)
      },
      onFailure: (cause) =>
        Effect.andThen(record(permit, ...CircuitGuard.classify(cause, classifier)), Effect.failCause(cause))
    })
  return (key, classifier = ErrorClassifier.ofAllErrors) =>
    (attempt) =>
      Effect.suspend(() => {
        const entry = registry.peek(key)
        return entry?.circuit._tag === "Closed"
          ? guardClosed({ entry, epoch: entry.circuit.epoch, probeId: 0 }, classifier, attempt)
          : guard(key, classifier)(attempt)
      })
}

const makeWatch =
  (registry: CircuitRegistry, clock: Clock.Clock): Circuits["watch"] =>
  (key) => {
    const epoch = registry.peek(key)?.circuit.epoch ?? 0
    return () => {
      const circuit = registry.peek(key)?.circuit
      if (circuit === undefined || circuit.epoch === epoch) return undefined
      if (circuit._tag === "Closed" || circuit._tag === "ForcedClosed") return undefined
      const retryAfter =
        circuit._tag === "Open" ? Math.max(0, circuit.until - MonotonicClock.millisUnsafe(clock)) : undefined
      return rejection(key, circuit._tag, retryAfter)
    }
  }

/**
 * Circuits in this process, from checked options.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (options: Values): Effect.fn.Return<Circuits> {
  const clock = yield* Clock.Clock
  const registry = new CircuitRegistry(options, clock)
  const permits = makePermits(registry, clock)
  return {
    guard: makeGuard(registry, permits, CircuitGuard.make(permits)),
    acquire: CircuitGuard.acquirePermit(permits),
    slowAfter: options.slowAfter,
    watch: makeWatch(registry, clock),
    states: Effect.sync(() => registry.states()),
    restore: (states) =>
      Effect.forEach(
        [...states],
        ([key, circuit]) => registry.force(key, (entry) => rebaseRestored(registry.fromState(circuit), entry.circuit)),
        { discard: true }
      ),
    isolate: (key) => registry.force(key, ({ circuit }) => ({ _tag: "Isolated", epoch: circuit.epoch + 1 })),
    forceOpen: (key) =>
      registry.force(key, (entry) =>
        Circuit.open(entry.circuit, registry.openUntil(entry, MonotonicClock.millisUnsafe(clock)))
      ),
    forceClosed: (key) => registry.force(key, ({ circuit }) => ({ _tag: "ForcedClosed", epoch: circuit.epoch + 1 })),
    reset: (key) => registry.force(key, ({ circuit }) => Circuit.closed(registry.policy, circuit.epoch + 1)),
    transitions: registry.transitions,
    options: describeOptions(options)
  }
})
