/**
 * The interface of a set of circuits, whether they are kept in this process or
 * shared with others. `CircuitBreaker` is the service; `LocalCircuits` and
 * `RedisCircuits` implement it.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import { CircuitOpenError } from "../../../errors/ResilienceErrors.ts"
import type { ErrorClassifier } from "../ErrorClassifier.ts"
import type * as Circuit from "./Circuit.ts"

/**
 * The largest number of circuits that a process keeps, since names of models
 * come from callers. Above it, closed circuits are evicted first.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxCircuits = 4_096

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
 * How the errors of an attempt count.
 *
 * @category models
 * @since 0.1.0
 */
export type FailureClassifier<E> = Pick<ErrorClassifier<E>, "isFailure" | "retryAfter">

/** Permission for one call. It must be settled once, however the call ends. */
interface CircuitPermit {
  /** Settles it. `retryAfter` is the wait that a failure requests, in milliseconds. */
  readonly record: (outcome: Circuit.Outcome, retryAfter?: number) => Effect.Effect<void>
}

/**
 * Circuits by their keys.
 *
 * @category models
 * @since 0.1.0
 */
export interface Circuits {
  /**
   * Makes an attempt if the key's circuit permits it, and records how it ended.
   * Without a classifier the library's errors count by their facts, and all
   * others as failures.
   */
  readonly guard: <E0 = unknown>(
    key: string,
    classifier?: FailureClassifier<E0>
  ) => <A, E extends E0, R>(attempt: Effect.Effect<A, E, R>) => Effect.Effect<A, E | CircuitOpenError, R>
  /** A permit for what `guard` does not fit, such as a stream. Run it where nothing interrupts. */
  readonly acquire: (key: string) => Effect.Effect<CircuitPermit, CircuitOpenError>
  /** The time from which a success counts as slow. */
  readonly slowAfter: Duration.Duration
  /**
   * Watches the circuit for a call that holds a permit and has to wait for
   * something else. The function returns, after the wait, the rejection if the
   * circuit has changed since and does not permit every call again.
   */
  readonly watch: (key: string) => () => CircuitOpenError | undefined
  /** Every circuit by its key, as data for `restore`. Its times are Unix milliseconds. */
  readonly states: Effect.Effect<ReadonlyMap<string, Circuit.Circuit>>
  /** Sets circuits to the given states. An open one stays open for `maxOpenDuration` at most. */
  readonly restore: (states: ReadonlyMap<string, Circuit.Circuit>) => Effect.Effect<void>
  /** Rejects every call of the key until it is reset. */
  readonly isolate: (key: string) => Effect.Effect<void>
  /** Opens the circuit for its next open duration, as failures would. */
  readonly forceOpen: (key: string) => Effect.Effect<void>
  /** Permits every call of the key until it is reset. */
  readonly forceClosed: (key: string) => Effect.Effect<void>
  /** Resets the circuit to its initial state. */
  readonly reset: (key: string) => Effect.Effect<void>
  /** Changes of state as they happen. */
  readonly transitions: Stream.Stream<Transition>
  /** The options as readable text. */
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
 * is absent when it is not known.
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
