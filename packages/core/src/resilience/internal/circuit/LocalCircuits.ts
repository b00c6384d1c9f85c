/**
 * Circuits in this process: `Circuit` is the state machine, to which this adds
 * the clock, the open times and the stream of transitions.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import type * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { CircuitOpenError } from "../../../errors/ResilienceErrors.ts"
import * as Circuit from "./Circuit.ts"
import * as ErrorClassifier from "../ErrorClassifier.ts"
import * as CircuitGuard from "./CircuitGuard.ts"
import { describeOptions, type Options } from "./CircuitOptions.ts"
import { type Circuits, type FailureClassifier, rejection, type Transition } from "./Circuits.ts"

interface Entry {
  readonly key: string
  circuit: Circuit.Circuit
  /** The open time that the next opening takes. It is at hand before it is needed, so that a transition never waits. */
  openMillis: number
  /** Unix milliseconds until which failures asked to be left alone; the one that opens the circuit may say nothing. */
  retryNotBefore: number
}

interface Permit extends Circuit.Permit {
  readonly entry: Entry
}

/** Circuits that are kept while others are closed: names of models come from outside. */
const maxCircuits = 4_096

/** A restored circuit in the place of a live one: calls that run now say nothing of it, and its probes are gone. */
const rebaseRestored = (restored: Circuit.Circuit, live: Circuit.Circuit): Circuit.Circuit => {
  const epoch = Math.max(restored.epoch, live.epoch) + 1
  return restored._tag === "HalfOpen" ? { ...restored, epoch, probes: [], expiredProbes: [] } : { ...restored, epoch }
}

/**
 * Circuits in this process, by options that were checked.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (options: Options): Effect.fn.Return<Circuits> {
  const policy: Circuit.Policy = { ...options, probeTimeoutMillis: Duration.toMillis(options.probeTimeout) }
  const maxOpen = Duration.toMillis(options.maxOpenDuration)
  const clock = yield* Clock.Clock
  const transitions = yield* PubSub.sliding<Transition>(256)
  const entries = new Map<string, Entry>()
  const schedules = new Map<string, (now: number, input: unknown) => Pull.Pull<[unknown, Duration.Duration], unknown>>()

  const stepOf = (key: string) =>
    Effect.suspend(() => {
      const known = schedules.get(key)
      if (known !== undefined) return Effect.succeed(known)
      return Effect.map(Schedule.toStep(options.openDuration), (step) => {
        schedules.set(key, step)
        return step
      })
    })

  /** The schedule's next open time; its last one again when it is done. */
  const prepare = (entry: Entry): Effect.Effect<void> =>
    Effect.flatMap(stepOf(entry.key), (step) =>
      Effect.match(step(clock.currentTimeMillisUnsafe(), undefined), {
        onSuccess: ([, wait]) => {
          entry.openMillis = Duration.toMillis(wait)
        },
        onFailure: () => undefined
      })
    )

  /** Forgets the oldest circuit that is closed, and of those one without a failure. */
  const forgetOne = (): void => {
    let oldest: string | undefined
    for (const [key, { circuit }] of entries) {
      if (circuit._tag !== "Closed") continue
      oldest ??= key
      if (circuit.consecutiveFailures > 0) continue
      oldest = key
      break
    }
    if (oldest !== undefined) entries.delete(oldest)
  }

  const entryOf = (key: string): Effect.Effect<Entry> =>
    Effect.suspend(() => {
      const known = entries.get(key)
      if (known !== undefined) return Effect.succeed(known)
      if (entries.size >= maxCircuits) forgetOne()
      const entry: Entry = { key, circuit: Circuit.closed(policy), openMillis: 0, retryNotBefore: 0 }
      entries.set(key, entry)
      return Effect.as(prepare(entry), entry)
    })

  /** Moves a circuit on, and tells whoever listens. */
  const move = (entry: Entry, circuit: Circuit.Circuit): Effect.Effect<void> => {
    const { key } = entry
    const from = entry.circuit
    entry.circuit = circuit
    if (from._tag === circuit._tag) return Effect.void
    if (circuit._tag === "Closed") schedules.delete(key)
    const next = circuit._tag === "Open" || circuit._tag === "Closed" ? prepare(entry) : Effect.void
    const transition = { key, from: from._tag, to: circuit._tag, at: clock.currentTimeMillisUnsafe() }
    return Effect.andThen(next, Effect.asVoid(PubSub.publish(transitions, transition)))
  }

  const openUntil = ({ retryNotBefore, openMillis }: Entry, now: number): number =>
    Math.min(now + maxOpen, Math.max(now + openMillis, retryNotBefore))

  const ask = (entry: Entry): Effect.Effect<Permit, CircuitOpenError> => {
    const acquired = Circuit.acquire(entry.circuit, policy, clock.currentTimeMillisUnsafe())
    const { circuit } = acquired
    if (acquired.permit !== undefined) {
      const { epoch, probeId } = acquired.permit
      return Effect.as(move(entry, circuit), { entry, epoch, probeId })
    }
    return circuit._tag === "Closed" || circuit._tag === "ForcedClosed"
      ? Effect.die(new Error("A closed circuit rejected a call"))
      : Effect.andThen(move(entry, circuit), Effect.fail(rejection(entry.key, circuit._tag, acquired.retryAfter)))
  }

  const settle = (permit: Permit, outcome: Circuit.Outcome, retryAfter?: number): Effect.Effect<void> => {
    const { entry } = permit
    const now = clock.currentTimeMillisUnsafe()
    if (outcome === "success") entry.retryNotBefore = 0
    else if (outcome === "failure" && retryAfter !== undefined) {
      entry.retryNotBefore = Math.max(entry.retryNotBefore, now + retryAfter)
    }
    const next = () => Circuit.record(entry.circuit, policy, permit, outcome, now, openUntil(entry, now))
    const circuit = next()
    if (circuit._tag !== entry.circuit._tag) return Effect.uninterruptible(Effect.suspend(() => move(entry, next())))
    // Nearly every call: it is counted, and nobody needs to know.
    entry.circuit = circuit
    return Effect.void
  }

  const acquire = (key: string): Effect.Effect<Permit, CircuitOpenError> => Effect.flatMap(entryOf(key), ask)

  const guardOpen = CircuitGuard.make({ acquire, record: settle })

  /** A call through a closed circuit needs no protection from interruption, since it holds no probe. */
  const guardClosed = <A, E, R>(permit: Permit, classifier: FailureClassifier<E>, attempt: Effect.Effect<A, E, R>) =>
    Effect.matchCauseEffect(attempt, {
      onSuccess: (response) => {
        const settled = settle(permit, "success")
        return settled === Effect.void ? Effect.succeed(response) : Effect.as(settled, response)
      },
      onFailure: (cause) =>
        Effect.andThen(settle(permit, ...CircuitGuard.classify(cause, classifier)), Effect.failCause(cause))
    })

  const guard: Circuits["guard"] =
    (key, classifier = ErrorClassifier.ofAllErrors) =>
    (attempt) =>
      Effect.suspend(() => {
        const entry = entries.get(key)
        return entry?.circuit._tag === "Closed"
          ? guardClosed({ entry, epoch: entry.circuit.epoch, probeId: 0 }, classifier, attempt)
          : guardOpen(key, classifier)(attempt)
      })

  const watch: Circuits["watch"] = (key) => {
    const epoch = entries.get(key)?.circuit.epoch ?? 0
    return () => {
      const circuit = entries.get(key)?.circuit
      if (circuit === undefined || circuit.epoch === epoch) return undefined
      if (circuit._tag === "Closed" || circuit._tag === "ForcedClosed") return undefined
      const retryAfter =
        circuit._tag === "Open" ? Math.max(0, circuit.until - clock.currentTimeMillisUnsafe()) : undefined
      return rejection(key, circuit._tag, retryAfter)
    }
  }

  const force = (key: string, next: (entry: Entry) => Circuit.Circuit) =>
    Effect.uninterruptible(Effect.flatMap(entryOf(key), (entry) => Effect.suspend(() => move(entry, next(entry)))))

  return {
    guard,
    acquire: (key) =>
      Effect.map(acquire(key), (permit) => ({ record: (outcome, retryAfter) => settle(permit, outcome, retryAfter) })),
    slowAfter: options.slowAfter,
    watch,
    states: Effect.sync(() => new Map([...entries].map(([key, { circuit }]) => [key, circuit]))),
    restore: (states) =>
      Effect.forEach([...states], ([key, circuit]) => force(key, (entry) => rebaseRestored(circuit, entry.circuit)), {
        discard: true
      }),
    isolate: (key) => force(key, ({ circuit }) => ({ _tag: "Isolated", epoch: circuit.epoch + 1 })),
    forceOpen: (key) =>
      force(key, (entry) => Circuit.open(entry.circuit, openUntil(entry, clock.currentTimeMillisUnsafe()))),
    forceClosed: (key) => force(key, ({ circuit }) => ({ _tag: "ForcedClosed", epoch: circuit.epoch + 1 })),
    reset: (key) => force(key, ({ circuit }) => Circuit.closed(policy, circuit.epoch + 1)),
    transitions: Stream.fromPubSub(transitions),
    options: describeOptions(options)
  }
})
