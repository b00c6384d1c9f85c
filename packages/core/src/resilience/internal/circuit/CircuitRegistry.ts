/**
 * The circuits of one process by their keys, with their transitions.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import type * as Stream from "effect/Stream"
import { EventHub } from "../../../internal/EventHub.ts"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import * as Circuit from "./Circuit.ts"
import type { Values } from "./CircuitOptions.ts"
import * as CircuitTimes from "./CircuitTimes.ts"
import { maxCircuits, type Transition } from "./Circuits.ts"

type ScheduleStep = (now: number, input: unknown) => Pull.Pull<[unknown, Duration.Duration], unknown>

/**
 * A circuit with its key.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry {
  readonly key: string
  circuit: Circuit.Circuit
  /** The duration of the next opening, prepared in advance so that a transition never waits. */
  openMillis: number
  /** The time until which earlier failures asked for a pause, since the one that opens the circuit may not ask. */
  retryNotBefore: number
  /** The schedule of its open durations, until it closes. It belongs to the entry, so that it is evicted with it. */
  schedule: ScheduleStep | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export class CircuitRegistry {
  readonly policy: Circuit.Policy
  readonly #clock: Clock.Clock
  readonly #openDuration: Values["openDuration"]
  readonly #maxOpenMillis: number
  readonly #hub = new EventHub<Transition>()
  readonly #maxEntries: number
  readonly #entries = new Map<string, Entry>()

  constructor(options: Values, clock: Clock.Clock, maxEntries = maxCircuits) {
    this.policy = { ...options, probeTimeoutMillis: Duration.toMillis(options.probeTimeout) }
    this.#clock = clock
    this.#openDuration = options.openDuration
    this.#maxOpenMillis = Duration.toMillis(options.maxOpenDuration)
    this.#maxEntries = maxEntries
  }

  /** Changes of state as they happen. */
  get transitions(): Stream.Stream<Transition> {
    return this.#hub.events
  }

  /** The entry of a key, if there is one. */
  peek(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  /** The entry of a key, which is closed at first. */
  get(key: string): Effect.Effect<Entry> {
    return Effect.suspend(() => {
      const existing = this.#entries.get(key)
      if (existing !== undefined) return Effect.succeed(existing)
      if (this.#entries.size >= this.#maxEntries) this.#evictOne()
      const circuit = Circuit.closed(this.policy)
      const entry: Entry = { key, circuit, openMillis: 0, retryNotBefore: 0, schedule: undefined }
      this.#entries.set(key, entry)
      return Effect.as(this.#prepareOpenDuration(entry), entry)
    })
  }

  /** Every circuit by its key, with Unix times. */
  states(): ReadonlyMap<string, Circuit.Circuit> {
    const offset = MonotonicClock.unixOffsetUnsafe(this.#clock)
    const { window } = this.policy
    return new Map([...this.#entries].map(([key, { circuit }]) => [key, CircuitTimes.shift(circuit, window, offset)]))
  }

  /**
   * A circuit with Unix times as one of this registry. The clock may have been
   * set since its times were taken, so an open one opens for the longest
   * duration at most.
   */
  fromState(state: Circuit.Circuit): Circuit.Circuit {
    const circuit = CircuitTimes.shift(state, this.policy.window, -MonotonicClock.unixOffsetUnsafe(this.#clock))
    if (circuit._tag !== "Open") return circuit
    return {
      ...circuit,
      until: Math.min(circuit.until, MonotonicClock.millisUnsafe(this.#clock) + this.#maxOpenMillis)
    }
  }

  /** Sets the state of a circuit, and publishes the transition if it is one. */
  transition(entry: Entry, circuit: Circuit.Circuit): Effect.Effect<void> {
    const from = entry.circuit
    entry.circuit = circuit
    if (from._tag === circuit._tag) return Effect.void
    if (circuit._tag === "Closed") entry.schedule = undefined
    const prepared =
      circuit._tag === "Open" || circuit._tag === "Closed" ? this.#prepareOpenDuration(entry) : Effect.void
    const transition = { key: entry.key, from: from._tag, to: circuit._tag, at: this.#clock.currentTimeMillisUnsafe() }
    return Effect.map(prepared, () => this.#hub.publish(transition))
  }

  /** Sets the state of the circuit of a key. */
  force(key: string, next: (entry: Entry) => Circuit.Circuit): Effect.Effect<void> {
    return Effect.uninterruptible(
      Effect.flatMap(this.get(key), (entry) => Effect.suspend(() => this.transition(entry, next(entry))))
    )
  }

  /** The time until which a circuit stays open that opens now. */
  openUntil({ openMillis, retryNotBefore }: Entry, now: number): number {
    return Math.min(now + this.#maxOpenMillis, Math.max(now + openMillis, retryNotBefore))
  }

  /** Takes the next duration from the schedule; the last one stays when the schedule is done. */
  #prepareOpenDuration(entry: Entry): Effect.Effect<void> {
    return Effect.flatMap(this.#scheduleStep(entry), (step) =>
      Effect.match(step(MonotonicClock.millisUnsafe(this.#clock), undefined), {
        onSuccess: ([, wait]) => {
          entry.openMillis = Duration.toMillis(wait)
        },
        onFailure: () => undefined
      })
    )
  }

  #scheduleStep(entry: Entry): Effect.Effect<ScheduleStep> {
    return Effect.suspend(() =>
      entry.schedule === undefined
        ? Effect.map(Schedule.toStep(this.#openDuration), (step) => (entry.schedule = step))
        : Effect.succeed(entry.schedule)
    )
  }

  /** Evicts the oldest closed circuit, preferably one without a failure, or the oldest one if none is closed. */
  #evictOne(): void {
    let failing: string | undefined
    let open: string | undefined
    for (const [key, { circuit }] of this.#entries) {
      if (circuit._tag === "Closed" && circuit.consecutiveFailures === 0) return void this.#entries.delete(key)
      if (circuit._tag === "Closed") failing ??= key
      // What an operator has forced stays.
      else if (circuit._tag === "Open" || circuit._tag === "HalfOpen") open ??= key
    }
    const evicted = failing ?? open
    if (evicted !== undefined) this.#entries.delete(evicted)
  }
}
