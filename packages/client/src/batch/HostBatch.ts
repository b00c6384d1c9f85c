/**
 * Rows that the host runs as a batch: at 60 % of the price and without the limits
 * of the account, within hours or days.
 *
 * **Example** (Answers by tomorrow)
 *
 * ```ts
 * const { batch, responses } = yield* HostBatch.run(
 *   texts.map((text) => ({ model: "kimi-k2.6", messages: [{ role: "user", content: `Summarize: ${text}` }] })),
 *   { completionWindow: "12 hours", onEvent: (event) => Effect.log(event._tag) }
 * )
 * ```
 *
 * **Details**
 *
 * - All rows are checked before anything is sent, and `InvalidBatchError` lists
 *   every problem with its line: one model that supports batches, distinct ids,
 *   members that the host fixes, the rules of a single call, and the size of the
 *   file (source: guide to batches).
 * - Outcomes are those of `Batch`, in the order of the rows. A row without a result
 *   has the error of its batch: `BatchExpiredError`, `BatchFailedError` or
 *   `InvalidResponseError`. If answers that the host has counted are missing from the
 *   results, the batch fails as a whole with `InvalidResponseError`: read the results
 *   again by its id.
 * - A `Budget` reserves the worst-case cost before the upload, and is charged once
 *   for what the rows used, by whichever process collects them; an `Accounting`
 *   gets one record. Provide the services that the client has.
 * - Requests to the host are repeated up to six times. An upload or a creation is
 *   repeated only after a search for what the first one may have left.
 * - A batch is followed through an outage of the host, until `timeout`.
 * - The batch continues at the host if this program ends: `resume` collects it.
 *
 * **Gotchas**
 *
 * - The file of a batch is in memory until it is uploaded: at most 100 MB.
 * - Set `max_completion_tokens` if there is a budget: without it, each row reserves
 *   the maximum output of the model.
 *
 * @since 0.1.0
 */
import type { Batch } from "@kimi-effect/core/Batch"
import type { BatchFailedError, InvalidBatchError } from "@kimi-effect/core/BatchErrors"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { FileError } from "@kimi-effect/core/OperationErrors"
import type { RetryBounds } from "@kimi-effect/core/Resilience"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import type * as HostApi from "../HostApi.ts"
import type { Input } from "./Batch.ts"
import type { BatchProgress } from "./BatchProgress.ts"
import type { BatchResponse } from "./BatchResponse.ts"
import type { HostBatchEvent } from "./HostBatchEvent.ts"
import { HostBatch } from "./internal/host/HostBatchService.ts"
import type { HostRow } from "./internal/host/prepare.ts"
import type { Surplus } from "./internal/host/readResults.ts"
import type { Submission, SubmitError } from "./internal/host/submit.ts"

export { HostBatch } from "./internal/host/HostBatchService.ts"
export type { HostRow, PreparedBatch } from "./internal/host/prepare.ts"
export type { Surplus } from "./internal/host/readResults.ts"
export type { Submission, SubmitError } from "./internal/host/submit.ts"

const loadCollect = () => loadModule(() => import("./internal/host/collect.ts"))

/**
 * Limits of a batch.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Largest file. Defaults to 100 MB (104,857,600 bytes), the limit of Moonshot. */
  readonly maxBytes?: number | undefined
  /** Most rows. Unlimited by default: no limit of Moonshot is known. */
  readonly maxRows?: number | undefined
  /** How requests to the host are repeated. Defaults to at most 6 attempts, with pauses from a second to a minute. */
  readonly retry?: Pick<RetryBounds, "baseDelay" | "maxAttempts" | "maxDelay"> | undefined
}

/**
 * How rows are checked.
 *
 * @category options
 * @since 0.1.0
 */
export interface PrepareOptions {
  /** The model of rows that name none. Defaults to that of the configuration. */
  readonly model?: string | undefined
  /** Whether the requests are kept in memory, so that errors with a text of the host do not quote them. Defaults to `true`. */
  readonly keepRequests?: boolean | undefined
}

/**
 * How a batch is sent.
 *
 * @category options
 * @since 0.1.0
 */
export interface SubmitOptions<E = never, R = never> {
  /** Time after which the host ends the batch: whole hours from 12 hours to 7 days. Defaults to 24 hours. */
  readonly completionWindow?: Duration.Input | undefined
  /** At most 15 pairs; keys of up to 64 and values of up to 512 characters. */
  readonly metadata?: { readonly [key: string]: string } | undefined
  /** The last value that `onStep` was given, in a process that has ended. */
  readonly continued?: Submission | undefined
  /** Runs before the upload and after each step, before the next one. */
  readonly onStep?: ((submission: Submission) => Effect.Effect<unknown, E, R>) | undefined
  /**
   * Runs before the failure of a submission that has no batch at the host: its
   * money is released, and nothing is left to continue. It does not run if the host may
   * have accepted an earlier attempt, such as one whose answer was lost.
   */
  readonly onRefused?: (() => Effect.Effect<unknown, E, R>) | undefined
}

/**
 * How a batch is followed.
 *
 * @category options
 * @since 0.1.0
 */
export interface FollowOptions<R = never> {
  /** The first pause between polls, which grows by half each time. Defaults to 10 seconds, as in Moonshot's guide. */
  readonly interval?: Duration.Input | undefined
  /** The longest pause between polls. Defaults to 5 minutes. */
  readonly maxInterval?: Duration.Input | undefined
  /** Longest wait, even if the host does not answer. After it, `TotalTimeoutError` is raised with the `batchId`, and the batch continues at the host. Defaults to 8 days, a day more than the longest window. */
  readonly timeout?: Duration.Input | undefined
  /** Runs after each poll. */
  readonly onState?: ((batch: Batch) => Effect.Effect<unknown, never, R>) | undefined
}

/**
 * How results are read.
 *
 * @category options
 * @since 0.1.0
 */
export interface ResultOptions<A = string, RD = never, E = never, R = never> {
  /** Reads each response, which must be JSON, as in a batch of this program. */
  readonly schema?: Schema.ConstraintDecoder<A, RD> | undefined
  /** The model of rows whose request is not known, for their cost. Defaults to that of the other rows, or else to the one that each result names. */
  readonly model?: string | undefined
  /** The id of the submission, whose money is settled. Defaults to that in the metadata of the batch. */
  readonly submission?: string | undefined
  /** The rows whose outcomes are wanted. Defaults to all. Others count for the cost. */
  readonly isWanted?: ((row: HostRow) => boolean) | undefined
  /**
   * Whether rows without a result are looked up in the file of the batch at the
   * host, as long as that is not deleted: a row that is not in it fails with
   * `InvalidRequestError` in place of an outcome. Defaults to `true`.
   */
  readonly checkRows?: boolean | undefined
  /**
   * Reads the requests of failed rows that were not kept, by their ids: an error of the
   * host may quote them. Defaults to those in the file at the host.
   */
  readonly requestsOf?:
    | ((rows: ReadonlyArray<HostRow>) => Effect.Effect<ReadonlyMap<string, ChatRequest>, E, R>)
    | undefined
  /**
   * Runs when all results are read: whether to enter their usage in the
   * `Accounting`. By default it is entered once in the lifetime of the service.
   */
  readonly onRead?: (() => Effect.Effect<boolean, E, R>) | undefined
  /**
   * Runs with whether the cost is settled in the `Budget`. It is not if the store of the
   * budget could not be reached: reading the results again settles it.
   */
  readonly onSettled?: ((isSettled: boolean) => void) | undefined
  /** Runs with the numbers of lines that belong to no row. */
  readonly onSurplus?: ((surplus: Readonly<Surplus>) => void) | undefined
}

/**
 * Builds the service on a `HostApi`. A `Budget`, an `Accounting` and a
 * `KimiConfig` of the context are used.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Effect.Effect<HostBatch["Service"], ConfigurationError, HostApi.HostApi> =>
  Effect.flatMap(
    loadModule(() => import("./internal/host/makeService.ts")),
    ({ makeService }) => makeService(options)
  )

/**
 * The service on the `HostApi` in the context.
 *
 * @category layers
 * @since 0.1.0
 */
// Layers are memoized by reference: without `fresh`, a constant would be the service of the first host it is provided with.
export const layer = (options?: Options): Layer.Layer<HostBatch, ConfigurationError, HostApi.HostApi> =>
  OptionRules.layerOf("HostBatch", options, (options) => Layer.fresh(Layer.effect(HostBatch, make(options))))

/**
 * Options of `resume`.
 *
 * @category options
 * @since 0.1.0
 */
export interface ResumeOptions<A = string, RD = never, RP = never>
  extends Omit<FollowOptions, "onState">, Pick<ResultOptions<A, RD>, "model" | "schema"> {
  /** The job of the batch, for costs. */
  readonly job?: string | undefined
  /** Runs at each step. */
  readonly onEvent?: ((event: HostBatchEvent) => Effect.Effect<unknown, never, RP>) | undefined
  /** Whether the files at the host are deleted once the outcomes are read and their cost is settled. Files with lines that belong to no row are kept, and a failed deletion is logged. Defaults to `false`. */
  readonly deleteFiles?: boolean | undefined
}

/**
 * Options of `run`.
 *
 * @category options
 * @since 0.1.0
 */
export interface RunOptions<A = string, RD = never, RP = never>
  extends ResumeOptions<A, RD, RP>, Pick<SubmitOptions, "completionWindow" | "metadata"> {}

/**
 * All outcomes of a batch.
 *
 * @category models
 * @since 0.1.0
 */
export interface HostBatchResult<A = string> {
  /** Its last state. A batch that is `expired` or `cancelled` has the outcomes of the rows that were run. */
  readonly batch: Batch
  /** In the order of their lines. */
  readonly responses: ReadonlyArray<BatchResponse<A>>
  readonly progress: BatchProgress
  /** Lines of the host that belong to no row. */
  readonly surplus: Surplus
}

/**
 * Failures of a batch as a whole.
 *
 * @category errors
 * @since 0.1.0
 */
export type HostBatchError = BatchFailedError | ConfigurationError | FileError | InvalidBatchError | SubmitError

/**
 * Runs rows to their outcomes: checks, submits, follows and collects them.
 * Interrupting it leaves the batch at the host.
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = <A = string, RD = never, E = never, R = never, RP = never>(
  input: Input<E, R>,
  options: RunOptions<A, RD, RP> = {}
): Effect.Effect<HostBatchResult<A>, HostBatchError | E, HostBatch | R | RD | RP> =>
  Effect.flatMap(HostBatch, (host) => Effect.flatMap(loadCollect(), ({ collect }) => collect.run(host, input, options)))

/**
 * Collects a batch by its id, which another process may have submitted, when it
 * has ended. Lines are those of the file at the host, unless `rows` are given. If
 * that file was deleted, they are those of the results, and rows without a result are
 * not known. Rows that are given have different ids, and are those of the batch: others
 * fail with `InvalidRequestError`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resume = <A = string, RD = never, RP = never>(
  id: string,
  options: ResumeOptions<A, RD, RP> & { readonly rows?: Iterable<HostRow> | undefined } = {}
): Effect.Effect<HostBatchResult<A>, HostBatchError, HostBatch | RD | RP> => {
  // Rows that can be read once, such as those of a generator, are kept for an effect that is run again.
  let kept: ReadonlyArray<HostRow> | undefined
  const read = (rows: Iterable<HostRow>): ReadonlyArray<HostRow> => (kept ??= [...rows])
  return Effect.flatMap(HostBatch, (host) =>
    Effect.flatMap(loadCollect(), ({ collect }) => collect.resume(host, id, options, read))
  )
}
