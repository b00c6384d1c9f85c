/**
 * What a set of circuits can do, whether they live in this process or are
 * shared with others. `CircuitBreaker` is the service; `LocalCircuits` and
 * `SharedCircuits` implement it.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { KimiError } from "../../../errors/KimiError.ts"
import { CircuitOpenError } from "../../../errors/ResilienceErrors.ts"
import type { StreamEvent } from "../../../models/StreamEvent.ts"
import type * as Circuit from "./Circuit.ts"

/**
 * A change of a circuit's state.
 *
 * @category models
 * @since 0.1.0
 */
export interface Transition {
  readonly key: string
  readonly from: Circuit.Circuit["_tag"]
  readonly to: Circuit.Circuit["_tag"]
  /** Unix milliseconds. */
  readonly at: number
}

/**
 * Circuits by their keys.
 *
 * @category models
 * @since 0.1.0
 */
export interface Circuits {
  /** Makes an attempt if the key's circuit permits it, and tells the circuit how it ended. */
  readonly guard: (
    key: string
  ) => <A, E extends KimiError, R>(attempt: Effect.Effect<A, E, R>) => Effect.Effect<A, E | CircuitOpenError, R>
  /** The same for a stream, which is judged by how it ends. */
  readonly guardStream: (
    key: string
  ) => <E extends KimiError, R>(
    attempt: Stream.Stream<StreamEvent, E, R>
  ) => Stream.Stream<StreamEvent, E | CircuitOpenError, R>
  /**
   * Notes the circuit for a call that holds a permit and has to wait for
   * something else. The answer tells, when the wait is over, whether the call
   * may still be made: it gives the rejection if the circuit has changed since
   * and does not permit every call again.
   */
  readonly watch: (key: string) => () => CircuitOpenError | undefined
  /** Every circuit by its key, as data that `restore` takes back. */
  readonly states: Effect.Effect<ReadonlyMap<string, Circuit.Circuit>>
  /** Puts circuits into the given states. */
  readonly restore: (states: ReadonlyMap<string, Circuit.Circuit>) => Effect.Effect<void>
  /** Rejects every call of the key until it is reset. */
  readonly isolate: (key: string) => Effect.Effect<void>
  /** Opens the circuit for its next open time, as failures would. */
  readonly forceOpen: (key: string) => Effect.Effect<void>
  /** Permits every call of the key until it is reset. */
  readonly forceClosed: (key: string) => Effect.Effect<void>
  /** Puts the circuit back to its beginning. */
  readonly reset: (key: string) => Effect.Effect<void>
  /** Changes of state as they happen. */
  readonly transitions: Stream.Stream<Transition>
  /** The options in words for people. */
  readonly options: { readonly [name: string]: string }
}

const stateNames = { Open: "open", HalfOpen: "half-open", Isolated: "isolated" } as const

/**
 * The states in which a circuit rejects calls.
 *
 * @category models
 * @since 0.1.0
 */
export type RejectingState = keyof typeof stateNames

/**
 * The error of a call that was not sent. `retryAfter` is in milliseconds; it
 * is absent when nobody can say.
 *
 * @category errors
 * @since 0.1.0
 */
export const rejection = (key: string, tag: RejectingState, retryAfter: number | undefined): CircuitOpenError =>
  new CircuitOpenError({
    message: `The circuit of ${key} is ${stateNames[tag]}; the call was not sent`,
    key,
    state: stateNames[tag],
    ...(retryAfter === undefined ? {} : { retryAfter: Duration.millis(retryAfter) })
  })
