/**
 * Batches from a JSONL file to a JSONL file, which can be killed at any moment
 * and started again.
 *
 * **Example** (A job that continues where it ended)
 *
 * ```ts
 * const { answered, failed } = yield* BatchJob.run({ input: "questions.jsonl", output: "answers.jsonl" })
 * ```
 *
 * **Details**
 *
 * - The output has one line for each row, with `id`, `line`, `error_tag`, `cost`,
 *   `attempts`, `cached`, `response` or `error`, and with a `schema` the `value` that
 *   it has read. A row with a complete line is never requested again; after a kill, at
 *   most the rows in flight are. With `order: "input"` these include rows that are
 *   answered and wait for an earlier one; an interrupt writes them.
 * - The same call resumes a job. `rerun` selects failed rows by the tags of their
 *   errors to run them again: without it, a row that has failed keeps its outcome,
 *   and is in the counts of every later run.
 * - A line of the input is `{"id", "request"}`, a request of OpenAI's batch form
 *   (`custom_id` and `body`), a request itself, or, with `prompts`, any object
 *   with columns of text. A CSV file has its columns in its first line.
 * - The input may be compressed with gzip, and an output that ends with `.gz` is.
 *   Its lines are in `<output>.pending` until enough of them are compressed together.
 * - The input may be a stream, and the output a function: a job whose output is a
 *   function cannot be continued. An interrupt gives it the answered rows that it has
 *   not taken, for up to 5 seconds; a warning has the number of those that are left. `stop.deadline` also ends the wait for a stream.
 * - Lines that are no rows are listed in `<output>.rejects.jsonl`. In addition,
 *   `<output>.job.json` describes the input; another one is refused with
 *   `BatchInputChangedError`, unless the job has no result yet, and so are other
 *   prompts, another schema or another default model, with `BatchOptionsChangedError`.
 * - A row that fails with an error that stops the batch, such as an empty account,
 *   has no line, so that it is requested when the job continues.
 * - An output that is a symbolic link stands for its target, which has the records next to it.
 * - A damaged output is refused, and `repair` writes its whole rows into another one.
 *
 * **Gotchas**
 *
 * - Lines are in the memory of the operating system when the next row starts, and
 *   on the disk after each 256 rows and when the job ends: a power cut can lose the
 *   last ones, which are then requested again.
 * - Files are written synchronously. Use a local disk.
 *
 * @since 0.1.0
 */
import type {
  BatchInputChangedError,
  BatchJobLockedError,
  BatchOptionsChangedError,
  InvalidBatchRowError
} from "@kimi-effect/core/BatchErrors"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import type { KimiError } from "@kimi-effect/core/KimiError"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as Batch from "../batch/Batch.ts"
import type { StopReason } from "../batch/BatchProgress.ts"
import type { BatchRow } from "../batch/BatchResponse.ts"
import type { KimiClient } from "../KimiClient.ts"
import type { Input } from "./internal/batch/input/inputSource.ts"
import type * as jobProgress from "./internal/batch/jobProgress.ts"
import type { JobStatus, Status } from "./internal/batch/jobStatus.ts"
import type { WriteLine } from "./internal/batch/openJob.ts"
import type { Repaired } from "./internal/batch/repairJob.ts"
import type * as RunJob from "./internal/batch/runJob.ts"

export type { Input } from "./internal/batch/input/inputSource.ts"
export type { JobProgress } from "./internal/batch/jobProgress.ts"
export type { JobState, JobStatus, Status } from "./internal/batch/jobStatus.ts"
export type { WriteLine } from "./internal/batch/openJob.ts"
export type { Repaired } from "./internal/batch/repairJob.ts"

const jobs = () => loadModule(() => import("./internal/batch/runJob.ts"))

/**
 * The format of an input: one JSON object per line, or CSV as in RFC 4180.
 *
 * @category options
 * @since 0.1.0
 */
export type Format = "jsonl" | "csv"

/**
 * Rows from columns of texts.
 *
 * @category options
 * @since 0.1.0
 */
export interface Prompts {
  /** The member of each line, or the column, with the text. Not needed with a `template` that is a text. */
  readonly column?: string | undefined
  /**
   * The user message: a text with columns in braces, such as
   * `"Summarize {title}: {text}"`, in which doubled braces stand for single ones, or
   * a function of the text and its row. Defaults to the text of the column.
   */
  readonly template?: string | ((prompt: string, row: Readonly<Record<string, unknown>>) => string) | undefined
  /** The column with the ids of rows. Defaults to `id` or `custom_id` if there is one, and else the line. */
  readonly id?: string | undefined
  /** The system message of each request. */
  readonly system?: string | undefined
  /** Further members of each request. */
  readonly request?: Omit<ChatRequest, "messages"> | undefined
}

/**
 * Options of a job: those of a batch, and its files. `RP` is what its functions need.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<A = string, RD = never, RP = never> extends Omit<Batch.Options<A, RD, RP>, "onProgress"> {
  /** The path of the input, or its bytes, which are the same ones when the job is continued. */
  readonly input: Input
  /**
   * The path of the output, which is created, or continued if it is that of this
   * job; or a function that takes the lines.
   */
  readonly output: string | WriteLine<RP>
  /** Defaults to `csv` for paths that end with `.csv` or `.tsv`, also with `.gz` after it, and else to `jsonl`. */
  readonly format?: Format | undefined
  /** The separator of a CSV input. Defaults to a tab for `.tsv`, and else to a comma. */
  readonly separator?: string | undefined
  /** Where the text of a row is, if its lines are not requests. */
  readonly prompts?: Prompts | undefined
  /** Failed rows to run again, by the tags of their errors. Not with `order: "input"`. */
  readonly rerun?: ReadonlyArray<KimiError["_tag"]> | undefined
  /** Runs for each line of the input that is no row. With an output that is a file, they are also in its reject file. */
  readonly onReject?: ((error: InvalidBatchRowError) => Effect.Effect<unknown, never, RP>) | undefined
  /** Runs with the counts, every `progressInterval` and at the end, when it is final. */
  readonly onProgress?: ((progress: jobProgress.JobProgress) => Effect.Effect<unknown, never, RP>) | undefined
}

/**
 * The state of a job after a run.
 *
 * @category models
 * @since 0.1.0
 */
export interface JobResult extends Status {
  /** Lines of the input that are no rows. */
  readonly rejected: number
  /** Rows with an id that one of the first 131,072 rows has: only the `line` of their outcomes differs. Zero at the host, which refuses them. */
  readonly duplicateIds: number
  /** Rows that were done before this run. */
  readonly resumed: number
  /** Present when the job was stopped before its last row. */
  readonly stopped: StopReason | undefined
}

/**
 * Failures of a job as a whole.
 *
 * @category errors
 * @since 0.1.0
 */
export type JobError =
  | BatchInputChangedError
  | BatchJobLockedError
  | BatchOptionsChangedError
  | ConfigurationError
  | InvalidRequestError
  | JournalStoreError

/**
 * Runs a job to its end, or continues it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = <A = string, RD = never, RP = never>(
  options: Options<A, RD, RP>
): Effect.Effect<JobResult, JobError, KimiClient | RD | RP> =>
  Effect.flatMap(jobs(), ({ runAlone }) => runAlone(options))

/**
 * Options of `rows`: how an input is read.
 *
 * @category options
 * @since 0.1.0
 */
export interface RowOptions<R = never> extends Pick<
  Options<string, never, R>,
  "format" | "input" | "onReject" | "prompts" | "separator"
> {}

/**
 * The rows of an input as a job reads them, without running them.
 *
 * @category constructors
 * @since 0.1.0
 */
export const rows = <R = never>(
  options: RowOptions<R>
): Stream.Stream<BatchRow, ConfigurationError | InvalidRequestError, R> =>
  Stream.unwrap(Effect.map(jobs(), ({ rows }) => rows(options)))

/**
 * Counts of an output, even while its job is running: answered and failed rows,
 * the failed ones by tag, and what the job has cost; and where the job is. Fails with
 * `InvalidRequestError` for an output that the next run would refuse because rows of it
 * are lost, or were rescued when another program had replaced it.
 *
 * @category getters
 * @since 0.1.0
 */
export const status = (output: string): Effect.Effect<JobStatus, InvalidRequestError | JournalStoreError> =>
  Effect.flatMap(jobs(), ({ followed, status }) => status(followed(output)))

/**
 * A row that failed, with its typed error.
 *
 * @category models
 * @since 0.1.0
 */
export type FailedRow = RunJob.FailedRow

/**
 * The failed rows of an output, even while its job is running: those with some
 * tags, or all. `rerun` of the job runs them again. Fails with `InvalidRequestError` for
 * an output whose rows were rescued when another program had replaced it.
 *
 * @category getters
 * @since 0.1.0
 */
export const failedRows = (
  output: string,
  tags?: ReadonlyArray<KimiError["_tag"]>
): Effect.Effect<ReadonlyArray<FailedRow>, InvalidRequestError | JournalStoreError> =>
  Effect.flatMap(jobs(), ({ failedRows, followed }) => failedRows(followed(output), tags))

/**
 * Writes every whole row of a damaged output into a new one, with which the job
 * continues: it requests only the rows that are lost. Rows of a run whose input was
 * changed meanwhile are left out, so that they are requested again.
 *
 * **Details**
 *
 * - Rows after the damage are kept, and so are those that are not compressed yet.
 * - The new output is compressed if its name ends with `.gz`. It has its name when it
 *   is complete and on the disk, with copies of the records of the job, also of that of
 *   its batch at the host.
 * - The files of the damaged output stay as they are. The job must not be continued
 *   with them any more: both outputs would request the same rows, or write those of
 *   one batch at the host.
 *
 * Fails with `BatchJobLockedError` while a process works on the job, and with
 * `InvalidRequestError` if there is no row for the new output, if the new output exists, or
 * if the rows of the output were rescued when another program had replaced it: those are
 * to be put back.
 *
 * @category operations
 * @since 0.1.0
 */
export const repair = (
  output: string,
  to: string
): Effect.Effect<Repaired, BatchJobLockedError | InvalidRequestError | JournalStoreError> =>
  Effect.flatMap(
    loadModule(() => import("./internal/batch/repairJob.ts")),
    ({ repair }) => repair(output, to)
  )
