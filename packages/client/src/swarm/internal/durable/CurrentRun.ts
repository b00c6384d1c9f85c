/** The run of a journal that a swarm is recorded in, as `Swarm.durable` provides it. */
import type { JournalMismatchError, JournalStoreError, UncertainToolResultError } from "@kimi-effect/core/JournalErrors"
import * as Context from "effect/Context"
import type * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { CallResult } from "../../../agent/AgentState.ts"
import type { Journal, Resolution } from "../../../journal/Journal.ts"

/**
 * The options of a swarm that is recorded in a journal.
 *
 * @category options
 * @since 0.1.0
 */
export interface DurableOptions {
  /**
   * Decides on a tool call that was started and whose result is not known, because its
   * process ended: its result, another run, or `undefined` to end the swarm with
   * `UncertainToolResultError`. Defaults to the last. Tools that are marked as
   * read-only or idempotent run again without a decision.
   */
  readonly onUncertain?:
    | ((error: UncertainToolResultError) => Effect.Effect<Resolution<CallResult> | undefined>)
    | undefined
  /** How often the state of the run is read, to find work that others have left and a cancellation. Defaults to 500 milliseconds. */
  readonly pollInterval?: Duration.Input | undefined
}

export interface RunRequest {
  readonly id: string
  readonly journal: Journal["Service"]
  readonly options: DurableOptions
  /** Why the swarm cannot begin. */
  readonly failed: Deferred.Deferred<never, JournalMismatchError | JournalStoreError>
}

export const CurrentRun: Context.Reference<RunRequest | undefined> = Context.Reference<RunRequest | undefined>(
  "@kimi-effect/client/swarm/internal/durable/CurrentRun",
  { defaultValue: () => undefined }
)
