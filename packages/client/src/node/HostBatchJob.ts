/**
 * Batches from a file to a file, run by the host or by this program: where they
 * cost less and end in time.
 *
 * **Example** (At 60 % of the price, if that is early enough)
 *
 * ```ts
 * const { answered, choice } = yield* HostBatchJob.run({
 *   input: "questions.jsonl",
 *   output: "answers.jsonl",
 *   model: "kimi-k2.6",
 *   stop: { deadline: "2 days" }
 * })
 * ```
 *
 * **Details**
 *
 * - Files, lines and reading options are those of `BatchJob`, so that a job can
 *   move from one place to the other: rows that have a line are done.
 * - `<output>.host.json` has what was sent to the host, and `<output>.job.json` the id
 *   of a batch that is open: without the first file, a run fails with
 *   `JournalStoreError`, and sends nothing. The same call continues a
 *   job that was killed at any moment: it uploads and creates nothing twice. Its
 *   cost is settled in a `Budget` exactly once, and entered in an `Accounting` at
 *   most once.
 * - A row that the host did not run, because the batch expired, was cancelled or
 *   lost it, has no line: the same call sends only such rows again. Failed rows are
 *   selected with `rerun`, which waits while a batch is open: the next run sends them.
 * - If answers that the host has counted are missing from the results, the job fails
 *   with `InvalidResponseError`. The same call reads them again, and sends nothing.
 * - The rules of `stop` are for rows that run in this program. Its `deadline` also
 *   decides whether the host can run them, and limits the window of the batch: the
 *   shortest one is 12 hours, so that the mode `host` refuses a shorter deadline. For rows
 *   in this program it counts from the start of the run, also while the input is read
 *   for the choice; the window of the host counts from its batch.
 *
 * **Gotchas**
 *
 * - Lines are in the order of the host. With `order: "input"` the rows run in this
 *   program.
 * - The job is locked while a program follows it. Interrupt it, and run it again
 *   for the results.
 *
 * @since 0.1.0
 */
import type { Batch } from "@kimi-effect/core/Batch"
import type { BatchFailedError, BatchJobLockedError, InvalidBatchError } from "@kimi-effect/core/BatchErrors"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import type { IdleTimeoutError } from "@kimi-effect/core/TimeoutErrors"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { BatchIdError } from "../batch/BatchApi.ts"
import type { Choice, Mode } from "../batch/BatchMode.ts"
import type { FollowOptions, HostBatch, HostBatchError, SubmitOptions, Surplus } from "../batch/HostBatch.ts"
import type { HostBatchEvent } from "../batch/HostBatchEvent.ts"
import type { KimiClient } from "../KimiClient.ts"
import type * as BatchJob from "./BatchJob.ts"

const jobs = () => loadModule(() => import("./internal/batch/host/hostJobs.ts"))

/**
 * Options of a job: those of `BatchJob`, and what the host needs.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<A = string, RD = never, RP = never>
  extends
    Omit<BatchJob.Options<A, RD, RP>, "input" | "onReject" | "output">,
    Pick<BatchJob.Options, "onReject">,
    Pick<SubmitOptions, "completionWindow" | "metadata">,
    Omit<FollowOptions, "onState"> {
  /** The path of the input, which is read more than once. */
  readonly input: string
  /** The path of the output, which is created, or continued if it is that of this job. */
  readonly output: string
  /** Where the rows run. Defaults to `auto`. A job that is at the host is continued there. */
  readonly mode?: Mode | undefined
  /** The model of rows that name none. Defaults to that of the configuration. */
  readonly model?: string | undefined
  /** Runs at each step of a batch at the host, and when it is chosen where the rows run. */
  readonly onEvent?: ((event: HostBatchEvent) => Effect.Effect<unknown, never, RP>) | undefined
  /** Whether the files at the host are deleted once the results are in the output. Files with lines that belong to no row are kept, and a failed deletion is logged. Defaults to `false`. */
  readonly deleteFiles?: boolean | undefined
}

/**
 * The state of a job after a run.
 *
 * @category models
 * @since 0.1.0
 */
export interface JobResult extends BatchJob.JobResult {
  readonly mode: "local" | "host"
  /** Why it ran there. Absent for a batch that is continued. */
  readonly choice: Choice | undefined
  /** The last state of the batch at the host. */
  readonly batch: Batch | undefined
  /** Rows that the host did not run, and those that its batch does not have. The same call sends them again. */
  readonly unanswered: number
  /** Lines of the host that belong to no row. */
  readonly surplus: Surplus
}

/**
 * Failures of a job as a whole.
 *
 * @category errors
 * @since 0.1.0
 */
export type JobError = BatchJob.JobError | HostBatchError | BatchFailedError | InvalidBatchError

/**
 * Runs a job to its end, or continues it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = <A = string, RD = never, RP = never>(
  options: Options<A, RD, RP>
): Effect.Effect<JobResult, JobError, HostBatch | KimiClient | RD | RP> =>
  Effect.flatMap(jobs(), ({ followed, run }) => run({ ...options, output: followed(options.output) }))

/**
 * What is known of the batch of a job at the host, without asking it.
 *
 * @category models
 * @since 0.1.0
 */
export interface HostStatus {
  /** Absent before the batch was created. */
  readonly batchId: string | undefined
  readonly model: string
  /** Rows of the batch. */
  readonly rows: number
  /** The last status of the host that is known. */
  readonly status: string | undefined
  /** Rows that the host had answered with that status, if it counts them. */
  readonly completed?: number | undefined
  /** Rows that the host had failed with that status, if it counts them. */
  readonly failed?: number | undefined
  /** `ended` when its results are in the output. */
  readonly state: "open" | "ended"
  /** A second batch that `abandon` has forgotten, of a job whose records named two because one of them was an older copy. */
  readonly otherBatchId?: string | undefined
}

/**
 * The last batch of a job at the host, if there was one. Needs neither a key
 * nor a network. Fails with `JournalStoreError` if the record of an open batch is
 * missing or damaged.
 *
 * @category getters
 * @since 0.1.0
 */
export const status = (output: string): Effect.Effect<Option.Option<HostStatus>, JournalStoreError> =>
  Effect.flatMap(jobs(), ({ followed, status }) => status(followed(output)))

/**
 * Options of `collect`.
 *
 * @category options
 * @since 0.1.0
 */
export interface CollectOptions<A = string, RD = never, RP = never>
  extends
    Pick<Options<A, RD, RP>, "deleteFiles" | "model" | "onEvent" | "schema">,
    Pick<FollowOptions, "interval" | "maxInterval" | "timeout"> {}

/**
 * Follows a batch that is known only by its id, even one of another program, and
 * writes an output with a line for each of its rows, compressed if its name ends with
 * `.gz`. Lines are those of the file at the host; rows that it did not run have the
 * error of the batch. If that file was deleted, they are those of the results, and rows
 * without a result are not known.
 *
 * Its cost is settled in a `Budget` once, however often it is collected. An
 * `Accounting` gets its usage from each process that collects it, also if the job of
 * the batch has entered it: leave the `Accounting` out to collect a batch again.
 *
 * @category constructors
 * @since 0.1.0
 */
export const collect = <A = string, RD = never, RP = never>(
  batchId: string,
  output: string,
  options: CollectOptions<A, RD, RP> = {}
): Effect.Effect<JobResult, JobError, HostBatch | RD | RP> =>
  Effect.flatMap(jobs(), ({ collect }) => collect(batchId, output, options))

/**
 * Options of `resume`.
 *
 * @category options
 * @since 0.1.0
 */
export type ResumeOptions<A = string, RD = never, RP = never> = Omit<
  Options<A, RD, RP>,
  "format" | "input" | "output" | "prompts" | "separator"
>

/**
 * Continues a job from what is recorded next to its output: not its `schema`, which
 * must be given again, and none of a job whose template is a function. It sends no new
 * batch, and fails with `InvalidRequestError` if the last one has ended and rows are left.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resume = <A = string, RD = never, RP = never>(
  output: string,
  options: ResumeOptions<A, RD, RP> = {}
): Effect.Effect<JobResult, JobError, HostBatch | KimiClient | RD | RP> =>
  Effect.flatMap(jobs(), ({ followed, resume }) => resume(followed(output), options))

/**
 * Asks the host to cancel the batch of a job. The rows that were run are billed:
 * the same call of `run` collects them, and sends the others again when it is run
 * once more.
 *
 * @category operations
 * @since 0.1.0
 */
export const cancel = (
  output: string
): Effect.Effect<Batch, BatchIdError | InvalidRequestError | JournalStoreError, HostBatch> =>
  Effect.flatMap(jobs(), ({ cancel, followed }) => cancel(followed(output)))

/**
 * Forgets the batch of a job that the host has lost, or that has ended without
 * results: the job then sends rows without a line again when it is run. The host is
 * asked first, and `InvalidRequestError` is raised while it has the batch. A batch that it
 * does not have is lost if it has the file of its rows; otherwise the key or the base URL
 * are probably those of another account, and `InvalidRequestError` is raised too. What a budget
 * has reserved for it stays reserved until its lease ends, and is then charged. Returns
 * what was known of the batch; none if the job had none, or its results are in the
 * output.
 *
 * @category operations
 * @since 0.1.0
 */
export const forget = (
  output: string
): Effect.Effect<
  Option.Option<HostStatus>,
  BatchIdError | BatchJobLockedError | IdleTimeoutError | InvalidRequestError | JournalStoreError,
  HostBatch
> => Effect.flatMap(jobs(), ({ followed, forget }) => forget(followed(output)))

/**
 * Forgets the batch of a job without asking the host, such as when its account is no
 * longer available, or when its record is lost: rows that the host runs nevertheless are
 * paid twice.
 *
 * @category operations
 * @since 0.1.0
 */
export const abandon = (
  output: string
): Effect.Effect<Option.Option<HostStatus>, BatchJobLockedError | JournalStoreError> =>
  Effect.flatMap(jobs(), ({ abandon, followed }) => abandon(followed(output)))
