/**
 * One job on several processes, of one machine or of many, which share its rows
 * through a `Journal`.
 *
 * **Example** (Run this on every machine)
 *
 * ```ts
 * const program = SharedBatchJob.run({ id: "reviews-2026-11", input: "reviews.jsonl", output: "sentiments.jsonl" })
 * ```
 *
 * **Details**
 *
 * - Each process needs the same input and the same options. Rows are leased in
 *   ranges: those of a process that was killed, froze or lost the journal are
 *   continued by another one after the lease of the `Journal` (2 seconds), and what
 *   the first one still does is refused. Only requests that were in flight are
 *   made again.
 * - Results are in the journal. When the last row is done, each process with an
 *   `output` writes the same file, in the order of the input.
 * - The same call continues a job after all of its processes have ended. Failed
 *   rows keep their outcome, except those that stop the batch.
 * - Limits, budget and cache are those of each client; on Redis they are shared.
 * - A process that is asked to stop, for example by a rule of `stop`, leaves its
 *   rows to the others. `cancel` ends all of them.
 *
 * @since 0.1.0
 */
import type { BatchInputChangedError } from "@kimi-effect/core/BatchErrors"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import type { JournalMismatchError, JournalStoreError } from "@kimi-effect/core/JournalErrors"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { BatchProgress, StopReason } from "../batch/BatchProgress.ts"
import type { Journal } from "../journal/Journal.ts"
import type { KimiClient } from "../KimiClient.ts"
import type * as BatchJob from "./BatchJob.ts"
import type * as sharedOutput from "./internal/batch/shared/sharedOutput.ts"

const jobs = () => loadModule(() => import("./internal/batch/shared/runSharedJob.ts"))

/**
 * Options of a shared job: those of a job, and its id.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<A = string, RD = never, RP = never> extends Omit<
  BatchJob.Options<A, RD, RP>,
  "input" | "onProgress" | "order" | "output" | "rerun" | "total"
> {
  /** Names the job in the journal. Processes with the same id share it. */
  readonly id: string
  /** The path of the input, which is not compressed. */
  readonly input: string
  /** Where this process writes the output when the job is complete. Compressed if it ends with `.gz`. */
  readonly output?: string | undefined
  /** Rows in a range, the same number for every process. Defaults to 100. */
  readonly rangeRows?: number | undefined
  /** How often a process checks whether the job was cancelled and, without rows, looks for those that another one has lost. Defaults to a second. */
  readonly pollInterval?: Duration.Input | undefined
  /** Runs with the counts of this process, every `progressInterval` and at the end, when they are final. */
  readonly onProgress?: ((progress: BatchProgress) => Effect.Effect<unknown, never, RP>) | undefined
}

/**
 * How far a shared job is, by all of its processes.
 *
 * @category models
 * @since 0.1.0
 */
export interface SharedStatus {
  /** Rows with a result. */
  readonly done: number
  /** Lines that are no rows. */
  readonly rejected: number
  /** Lines of the input: more than rows, if lines are blank or fields of CSV have line breaks. `ranges` show how far the job is. */
  readonly lines: number
  /** Ranges by their state. */
  readonly ranges: { readonly waiting: number; readonly leased: number; readonly completed: number }
  readonly isComplete: boolean
  readonly isCancelled: boolean
}

/**
 * What an output was written with.
 *
 * @category models
 * @since 0.1.0
 */
export type Written = sharedOutput.Written

/**
 * The state of a shared job when this process has left it.
 *
 * @category models
 * @since 0.1.0
 */
export interface SharedResult extends SharedStatus {
  /** What this process did. */
  readonly own: BatchProgress
  /** Why this process has stopped before the last row. */
  readonly stopped: StopReason | undefined
  /** Present when the job is complete and this process has an output. */
  readonly written: Written | undefined
}

/**
 * Failures of a shared job in this process. The others continue.
 *
 * @category errors
 * @since 0.1.0
 */
export type SharedJobError =
  | BatchInputChangedError
  | ConfigurationError
  | InvalidRequestError
  | JournalMismatchError
  | JournalStoreError

/**
 * Works on a job until it is complete, with the other processes that run it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = <A = string, RD = never, RP = never>(
  options: Options<A, RD, RP>
): Effect.Effect<SharedResult, SharedJobError, Journal | KimiClient | RD | RP> =>
  Effect.flatMap(jobs(), ({ run }) => run(options))

/**
 * The state of a job, undefined if there is none of this id.
 *
 * @category getters
 * @since 0.1.0
 */
export const status = (id: string): Effect.Effect<SharedStatus | undefined, JournalStoreError, Journal> =>
  Effect.flatMap(jobs(), ({ status }) => status(id))

/**
 * Ends a job: its processes complete the rows in flight and leave. Rows that wait for the
 * end of an outage are left without an outcome.
 *
 * @category operations
 * @since 0.1.0
 */
export const cancel = (id: string): Effect.Effect<void, JournalStoreError, Journal> =>
  Effect.flatMap(jobs(), ({ cancel }) => cancel(id))

/**
 * Writes the results that a job has so far, in the order of the input. A complete
 * job writes its output itself.
 *
 * @category operations
 * @since 0.1.0
 */
export const write = (
  id: string,
  output: string
): Effect.Effect<Written, InvalidRequestError | JournalStoreError, Journal> =>
  Effect.flatMap(jobs(), ({ write }) => write(id, output))
