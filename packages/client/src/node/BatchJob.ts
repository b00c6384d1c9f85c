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
 *   `attempts`, and `response` or `error`. A row with a complete line is never
 *   requested again; after a kill, at most the rows in flight are.
 * - The same call resumes a job. `rerun` selects failed rows by the tags of their
 *   errors to run them again: without it, a row that has failed keeps its outcome,
 *   and is in the counts of every later run.
 * - A line of the input is `{"id", "request"}`, a request of OpenAI's batch form
 *   (`custom_id` and `body`), a request itself, or, with `prompts`, any object
 *   with columns of text. A CSV file has its columns in its first line.
 * - The input may be compressed with gzip, and an output that ends with `.gz` is.
 *   Its lines are in `<output>.pending` until enough of them are compressed together.
 * - The input may be a stream, and the output a function: a job whose output is a
 *   function cannot be continued.
 * - Lines that are no rows are listed in `<output>.rejects.jsonl`. In addition,
 *   `<output>.job.json` describes the input; another one is refused with
 *   `BatchInputChangedError`, unless the job has no result yet, and so are other
 *   prompts, another schema or another default model, with `BatchOptionsChangedError`.
 * - A row that fails with an error that stops the batch, such as an empty account,
 *   has no line, so that it is requested when the job continues.
 *
 * **Gotchas**
 *
 * - Lines are in the memory of the operating system when the next row starts, and
 *   on the disk when the job ends: a power cut can lose the last ones, which are
 *   then requested again.
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
import { listener } from "@kimi-effect/core/internal/Listener"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import { codec, type KimiError } from "@kimi-effect/core/KimiError"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Batch from "../batch/Batch.ts"
import type { BatchProgress, StopReason } from "../batch/BatchProgress.ts"
import type { BatchResponse, BatchRow } from "../batch/BatchResponse.ts"
import * as RowStream from "../batch/internal/RowStream.ts"
import * as ClientMoney from "../internal/clientMoney.ts"
import { KimiClient } from "../KimiClient.ts"
import * as hostRecord from "./internal/batch/hostRecord.ts"
import { type Reader, readerOf, rowsOf, streamRows } from "./internal/batch/inputRows.ts"
import { type Input, Reading } from "./internal/batch/inputSource.ts"
import * as jobProgress from "./internal/batch/jobProgress.ts"
import type { Status } from "./internal/batch/jobStatus.ts"
import {
  failedLines,
  type Job,
  open,
  openSource,
  openWriter,
  statusOf,
  type WriteLine
} from "./internal/batch/openJob.ts"
import { encodeLine, encodeReject } from "./internal/batch/outputLine.ts"
import * as rowOptions from "./internal/batch/rowOptions.ts"
import * as NodeDigest from "./internal/NodeDigest.ts"

export type { Input } from "./internal/batch/inputSource.ts"
export type { JobProgress } from "./internal/batch/jobProgress.ts"
export type { Status } from "./internal/batch/jobStatus.ts"
export type { WriteLine } from "./internal/batch/openJob.ts"

/**
 * The format of an input: JSON objects on lines, or CSV as RFC 4180 describes it.
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
 * Options of a job: those of a batch, and its files.
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
  readonly output: string | WriteLine
  /** Defaults to `csv` for paths that end with `.csv` or `.tsv`, also with `.gz` after it, and else to `jsonl`. */
  readonly format?: Format | undefined
  /** The separator of a CSV input. Defaults to a tab for `.tsv`, and else to a comma. */
  readonly separator?: string | undefined
  /** Where the text of a row is, if its lines are not requests. */
  readonly prompts?: Prompts | undefined
  /** Failed rows to run again, by the tags of their errors. Not with `order: "input"`. */
  readonly rerun?: ReadonlyArray<KimiError["_tag"]> | undefined
  /** Runs for each line of the input that is no row. With an output that is a file, they are also in its reject file. */
  readonly onReject?: ((error: InvalidBatchRowError) => Effect.Effect<unknown>) | undefined
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

const openOutput = Effect.fnUntraced(function* <A, RD, RP>(options: Options<A, RD, RP>, reader: Reader) {
  const { input, order, output, rerun } = options
  if (typeof output !== "string") return yield* openWriter({ input, rerun }, output)
  yield* hostRecord.refuseWhileAtHost(output)
  const model = (yield* ClientMoney.of(yield* KimiClient))?.defaultModel
  const digests = rowOptions.digestsOf(reader, { ...options, model })
  return yield* open({ input, output, order, rerun, options: digests })
})

/** Lines that are no rows go to the reject file. */
const rejecting =
  (job: Job, onReject: Options["onReject"]) =>
  (error: InvalidBatchRowError): Effect.Effect<unknown, JournalStoreError> =>
    Effect.andThen(job.reject(encodeReject(error)), listener(onReject)(error))

/**
 * Runs a job to its end, or continues it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = <A = string, RD = never, RP = never>(
  options: Options<A, RD, RP>
): Effect.Effect<JobResult, JobError, KimiClient | RD | RP> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { onProgress, onReject, total } = options
      const stoppingTags = new Set<string>(options.stop?.errorTags ?? Batch.stoppingErrorTags)
      const reader = yield* readerOf(options)
      const job = yield* openOutput(options, reader)
      const { done, source } = job
      const resumed = done.size
      const before = job.status()
      const reading = new Reading()
      let progress: BatchProgress | undefined
      const record = (outcome: BatchResponse<A>) =>
        outcome._tag === "Failed" && stoppingTags.has(outcome.error._tag)
          ? Effect.void
          : job.append(encodeLine(outcome, options.schema !== undefined))
      const wanted = streamRows(
        rowsOf(reader, source, (line) => !done.has(line), reading),
        rejecting(job, onReject)
      )
      const settings = {
        ...options,
        onProgress: (current: BatchProgress) => {
          progress = current
          if (onProgress === undefined) return Effect.void
          return onProgress(
            jobProgress.of(current, { given: total, reading, source, resumed, before, rejected: job.rejected() })
          )
        }
      }
      // A worker writes its line before it takes another row: a kill loses only rows in flight.
      const isWrittenAtOnce = typeof options.output === "string" && options.order !== "input"
      yield* RowStream.make<A, RD, InvalidRequestError | JournalStoreError, never, RP, JournalStoreError>(
        () => wanted,
        settings,
        (_, made) => (isWrittenAtOnce ? Effect.tap(made, record) : made)
      ).pipe(Stream.runForEach((outcome) => (isWrittenAtOnce ? Effect.void : record(outcome))))
      const stopped = progress?.stopped
      yield* job.finish(stopped === undefined)
      return { ...job.status(), rejected: job.rejected(), resumed, stopped }
    })
  ).pipe(Effect.provide(NodeDigest.layer))

/**
 * Options of `rows`: how an input is read.
 *
 * @category options
 * @since 0.1.0
 */
export interface RowOptions extends Pick<Options, "format" | "input" | "onReject" | "prompts" | "separator"> {}

/**
 * The rows of an input as a job reads them, without running them.
 *
 * @category constructors
 * @since 0.1.0
 */
export const rows = (options: RowOptions): Stream.Stream<BatchRow, ConfigurationError | InvalidRequestError> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const reader = yield* readerOf(options)
      const source = yield* openSource(options.input)
      return streamRows(
        rowsOf(reader, source, () => true, new Reading()),
        listener(options.onReject)
      )
    })
  )

/**
 * Counts of an output, of a job that is running too: answered and failed rows,
 * the failed ones by tag, and what they cost.
 *
 * @category getters
 * @since 0.1.0
 */
export const status = (output: string): Effect.Effect<Status, InvalidRequestError | JournalStoreError> =>
  statusOf(output)

const FailedRow = Schema.Struct({ id: Schema.String, line: Schema.Int, attempts: Schema.Int, error: codec })

/**
 * A row that failed, with its typed error.
 *
 * @category models
 * @since 0.1.0
 */
export type FailedRow = typeof FailedRow.Type

const decodeFailedRow = Schema.decodeUnknownSync(Schema.fromJsonString(FailedRow))

/**
 * The failed rows of an output, of a job that is running too; those of some tags,
 * or all. `rerun` of the job runs them again.
 *
 * @category getters
 * @since 0.1.0
 */
export const failedRows = (
  output: string,
  tags?: ReadonlyArray<KimiError["_tag"]>
): Effect.Effect<ReadonlyArray<FailedRow>, InvalidRequestError | JournalStoreError> =>
  Effect.suspend(() => {
    const rows: Array<FailedRow> = []
    return Effect.as(
      failedLines(output, tags === undefined ? undefined : new Set(tags), (line) => {
        rows.push(decodeFailedRow(line))
      }),
      rows
    )
  })
