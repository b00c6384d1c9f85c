/**
 * The view that one process has of circuits in a shared store: the last known
 * state of each, and the states that were forced in this process.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { EventHub } from "../../../internal/EventHub.ts"
import type { CircuitOpenError } from "../../../errors/ResilienceErrors.ts"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import type * as Circuit from "./Circuit.ts"
import { type Circuits, maxCircuits, type RejectingState, rejection, type Transition } from "./Circuits.ts"

type Tag = Circuit.Circuit["_tag"]

/** The last known state of one circuit. */
interface Entry {
  readonly key: string
  readonly tag: Tag
  /** The `MonotonicClock` time until which an open circuit stays open. */
  readonly until: number
  /** Counts the changes of state that this process has seen. */
  readonly epoch: number
  /** Whether the state was forced here, so that the state in the store does not apply. */
  readonly isForced: boolean
}

/**
 * The state of the circuits in this process.
 *
 * @category models
 * @since 0.1.0
 */
export interface CircuitView {
  /** The entry of a circuit; one that was never seen is closed. */
  readonly get: (key: string) => Entry
  /** All entries, the least recently used first. */
  readonly entries: () => ReadonlyArray<Entry>
  /** Every circuit by its key, with Unix times. */
  readonly states: () => ReadonlyMap<string, Circuit.Circuit>
  /** Records a state from the store. A forced state stays. */
  readonly record: (key: string, tag: Tag, openMillis?: number) => Effect.Effect<void>
  /** Forces a state. */
  readonly force: (key: string, tag: Tag, until?: number) => Effect.Effect<void>
  /** Clears a forced state. */
  readonly clearForced: (key: string) => Effect.Effect<void>
  /** What a forced state decides for a call, if there is one; it ends with its open duration. */
  readonly checkForced: (key: string) => "permitted" | CircuitOpenError | undefined
  readonly watch: Circuits["watch"]
  readonly transitions: Circuits["transitions"]
}

/** The entry as a circuit. What only the store knows is empty. */
const toCircuit = ({ epoch, tag, until }: Entry): Circuit.Circuit => {
  switch (tag) {
    case "Closed":
      return { _tag: tag, epoch, consecutiveFailures: 0, windowState: { _tag: "Count", calls: [] } }
    case "Open":
      return { _tag: tag, epoch, until }
    case "HalfOpen":
      return { _tag: tag, epoch, successes: 0, lastProbeId: 0, probes: [], expiredProbes: [] }
    case "Isolated":
    case "ForcedClosed":
      return { _tag: tag, epoch }
  }
}

const isRejecting = (tag: Tag): tag is RejectingState => tag !== "Closed" && tag !== "ForcedClosed"

/** Evicts the least recently used circuit, preferably a closed one. What was forced here stays. */
const evictOne = (byKey: Map<string, Entry>): void => {
  let rejecting: string | undefined
  for (const [key, { isForced, tag }] of byKey) {
    if (isForced) continue
    if (tag === "Closed") return void byKey.delete(key)
    rejecting ??= key
  }
  if (rejecting !== undefined) byKey.delete(rejecting)
}

/**
 * An empty view of at most `maxEntries` circuits.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (clock: Clock.Clock, maxEntries = maxCircuits): Effect.Effect<CircuitView> =>
  Effect.sync(() => {
    const hub = new EventHub<Transition>()
    const byKey = new Map<string, Entry>()
    const get = (key: string): Entry => byKey.get(key) ?? { key, tag: "Closed", until: 0, epoch: 0, isForced: false }

    const transition = (key: string, tag: Tag, until: number, isForced: boolean): Effect.Effect<void> => {
      const { epoch, tag: from } = get(key)
      // A map keeps the order of insertion, so that the circuit moves to its end.
      if (!byKey.delete(key) && byKey.size >= maxEntries) evictOne(byKey)
      byKey.set(key, { key, tag, until, isForced, epoch: from === tag ? epoch : epoch + 1 })
      if (from === tag) return Effect.void
      hub.publish({ key, from, to: tag, at: clock.currentTimeMillisUnsafe() })
      return Effect.void
    }

    const rejectionOf = ({ key, tag, until }: Entry): CircuitOpenError | undefined =>
      isRejecting(tag)
        ? rejection(key, tag, tag === "Open" ? Math.max(0, until - MonotonicClock.millisUnsafe(clock)) : undefined)
        : undefined

    return {
      get,
      entries: () => [...byKey.values()],
      states: () => {
        const offset = MonotonicClock.unixOffsetUnsafe(clock)
        return new Map(
          [...byKey.values()].map((entry) => [entry.key, toCircuit({ ...entry, until: entry.until + offset })])
        )
      },
      record: (key, tag, openMillis = 0) =>
        Effect.suspend(() =>
          get(key).isForced ? Effect.void : transition(key, tag, MonotonicClock.millisUnsafe(clock) + openMillis, false)
        ),
      force: (key, tag, until = 0) => Effect.suspend(() => transition(key, tag, until, true)),
      clearForced: (key) => Effect.suspend(() => transition(key, "Closed", 0, false)),
      checkForced: (key) => {
        const entry = get(key)
        if (!entry.isForced) return undefined
        if (entry.tag === "Open" && MonotonicClock.millisUnsafe(clock) >= entry.until) {
          byKey.set(key, { ...entry, isForced: false })
          return undefined
        }
        return rejectionOf(entry) ?? "permitted"
      },
      watch: (key) => {
        const { epoch } = get(key)
        return () => {
          const entry = get(key)
          return entry.epoch === epoch ? undefined : rejectionOf(entry)
        }
      },
      transitions: hub.events
    }
  })
