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
 *   errors to run them again.
 * - A line of the input is `{"id", "request"}`, a request of OpenAI's batch form
 *   (`custom_id` and `body`), a request itself, or, with `prompts`, any object
 *   with a column of text. An input that ends with `.gz` is decompressed.
 * - Lines that are no rows are listed in `<output>.rejects.jsonl`. In addition,
 *   `<output>.job.json` describes the input; another one is refused with
 *   `BatchInputChangedError`.
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
import { BatchInputChangedError, BatchJobLockedError, type InvalidBatchRowError } from "@kimi-effect/core/BatchErrors"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import type { KimiError } from "@kimi-effect/core/KimiError"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Batch from "../batch/Batch.ts"
import type { BatchProgress, StopReason } from "../batch/BatchProgress.ts"
import type { BatchResponse } from "../batch/BatchResponse.ts"
import type { KimiClient } from "../KimiClient.ts"
import * as FileFailure from "./internal/FileFailure.ts"
import { inputLines } from "./internal/batch/inputLines.ts"
import { inputRow } from "./internal/batch/inputRow.ts"
import { type Job, open, type Status, statusOf } from "./internal/batch/openJob.ts"
import { encodeLine } from "./internal/batch/outputLine.ts"
import * as NodeDigest from "./internal/NodeDigest.ts"

export type { Status } from "./internal/batch/openJob.ts"

/**
 * Rows from a column of texts.
 *
 * @category options
 * @since 0.1.0
 */
export interface Prompts {
  /** The member of each line with the text. */
  readonly column: string
  /** Makes the user message of a text. Defaults to the text. */
  readonly template?: ((prompt: string) => string) | undefined
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
export interface Options<A = string, RD = never, RP = never> extends Batch.Options<A, RD, RP> {
  /** The path of the input. */
  readonly input: string
  /** The path of the output, which is created, or continued if it is that of this job. */
  readonly output: string
  /** Where the text of a row is, if its lines are not requests. */
  readonly prompts?: Prompts | undefined
  /** Failed rows to run again, by the tags of their errors. Not with `order: "input"`. */
  readonly rerun?: ReadonlyArray<KimiError["_tag"]> | undefined
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
  | ConfigurationError
  | InvalidRequestError
  | JournalStoreError

const reject = ({ id, line, message, parameter }: InvalidBatchRowError): string =>
  `${JSON.stringify({ line, ...(id === undefined ? {} : { id }), reason: message, ...(parameter === undefined ? {} : { parameter }) })}\n`

const readFailure = (cause: unknown): InvalidRequestError =>
  new InvalidRequestError({
    message: `The input cannot be read to its end: ${FileFailure.codeOf(cause) ?? "unknown error"}`,
    parameter: "input"
  })

/** The rows that are not done. Lines that are no rows go to the reject file. */
const rowsOf = (job: Job, { input, prompts }: Pick<Options, "input" | "prompts">) => {
  const read = inputRow(prompts && { template: undefined, system: undefined, request: undefined, ...prompts })
  return Stream.fromAsyncIterable(
    inputLines(input, (line) => !job.done.has(line)),
    readFailure
  ).pipe(
    Stream.mapEffect((line) => {
      const row = read(line)
      return Result.isSuccess(row) ? Effect.succeed(row.success) : Effect.as(job.reject(reject(row.failure)), undefined)
    }),
    Stream.filter((row) => row !== undefined)
  )
}

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
      const stoppingTags = new Set<string>(options.stop?.errorTags ?? Batch.stoppingErrorTags)
      const job = yield* open(options)
      const resumed = job.done.size
      let progress: BatchProgress | undefined
      const record = (outcome: BatchResponse<A>) =>
        outcome._tag === "Failed" && stoppingTags.has(outcome.error._tag)
          ? Effect.void
          : job.append(encodeLine(outcome, options.schema !== undefined))
      yield* Batch.stream<A, RD, InvalidRequestError | JournalStoreError, never, RP>(rowsOf(job, options), {
        ...options,
        onProgress: (current) => {
          progress = current
          return options.onProgress?.(current) ?? Effect.void
        }
      }).pipe(Stream.runForEach(record))
      const stopped = progress?.stopped
      yield* job.finish(stopped === undefined)
      return { ...job.status(), rejected: job.rejected(), resumed, stopped }
    })
  ).pipe(Effect.provide(NodeDigest.layer))

/**
 * Counts of an output, of a job that is running too: answered and failed rows,
 * the failed ones by tag, and what they cost.
 *
 * @category getters
 * @since 0.1.0
 */
export const status = (output: string): Effect.Effect<Status, InvalidRequestError | JournalStoreError> =>
  statusOf(output)
