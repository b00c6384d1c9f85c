/**
 * Observation of attempts by the stage that accounts for them. It follows every
 * attempt to its end already, and a second stage would take as long again.
 *
 * @since 0.1.0
 */
import type * as Context from "effect/Context"
import type * as Exit from "effect/Exit"
import type { KimiError } from "../../errors/KimiError.ts"
import type { Call } from "../Call.ts"
import type { Stage } from "../Stage.ts"
import type { EventChunk } from "./EventChunk.ts"

/**
 * An observed attempt.
 *
 * @category models
 * @since 0.1.0
 */
export interface ObservedAttempt {
  /** Must not throw: the attempt is settled after it. */
  readonly end: (exit: Exit.Exit<unknown, KimiError>) => void
}

/**
 * An observed attempt that gives a stream.
 *
 * @category models
 * @since 0.1.0
 */
export interface ObservedStreamAttempt extends ObservedAttempt {
  readonly onEvents: (events: EventChunk) => void
}

/**
 * Observes the attempts of a client.
 *
 * @category models
 * @since 0.1.0
 */
export interface AttemptObserver {
  /** Observes attempts whose effects have to change, because they are traced. */
  readonly stage: Stage
  /** Begins an attempt in a context; `undefined` if `stage` has to observe it. */
  readonly begin: (call: Call, context: Context.Context<never>) => ObservedAttempt | undefined
  /** The same for one that gives a stream. */
  readonly beginStream: (call: Call, context: Context.Context<never>) => ObservedStreamAttempt | undefined
  /** Whether attempts in a context begin with `stage`. */
  readonly needsStage: (context: Context.Context<never>) => boolean
}

/**
 * A stage that passes its attempts to an observer.
 *
 * @category models
 * @since 0.1.0
 */
export interface ObservableStage extends Stage {
  readonly observedBy: (observer: AttemptObserver) => Stage
}

/**
 * @category guards
 * @since 0.1.0
 */
export const isObservable = (stage: Stage): stage is ObservableStage => "observedBy" in stage
