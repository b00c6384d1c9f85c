/**
 * Many requests with bounded concurrency, and a typed outcome for each of them.
 *
 * **Example** (Summaries, with those that failed)
 *
 * ```ts
 * const { responses } = yield* Batch.run(
 *   texts.map((text) => ({ messages: [{ role: "user", content: `Summarize: ${text}` }] })),
 *   { concurrency: 32 }
 * )
 * for (const row of responses) {
 *   yield* Console.log(row._tag === "Answered" ? row.value : `${row.id}: ${row.error.hint}`)
 * }
 * ```
 *
 * **Details**
 *
 * - A row that fails does not fail the batch, unless the stream is piped to `failFast`. The
 *   client's retries, limits, cache and budget apply to each row; its calls have
 *   the priority `batch`.
 * - While the host has an outage, so that its circuit is open, or while the store of a
 *   budget is unavailable, rows wait and are sent when it is back.
 * - Rows are read when there is room for them, so `stream` takes constant memory.
 *   `run` collects the outcomes.
 * - A batch that is stopped reads no further rows and emits what it has: rows in
 *   flight are completed, except by a deadline, which interrupts them. Rows that wait for
 *   the end of an outage have no outcome.
 * - Equal requests are sent once, as long as the first is in flight or among the
 *   last 1,000 answers. Of these, 4 Mi characters are kept, and none that is longer
 *   than 512 Ki.
 * - An iterable that throws is a defect. Use a `Stream` for an input that can fail.
 *
 * @since 0.1.0
 */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { KimiClient } from "../KimiClient.ts"
import type { BatchProgress } from "./BatchProgress.ts"
import type { Answered, BatchResponse, BatchRow, RowError } from "./BatchResponse.ts"
import * as RowStream from "./internal/RowStream.ts"
import { stoppingTags } from "./internal/stoppingTags.ts"

/**
 * The rows of a batch: requests, or rows with an id.
 *
 * @category models
 * @since 0.1.0
 */
export type Input<E = never, R = never> =
  | Iterable<ChatRequest | BatchRow>
  | AsyncIterable<ChatRequest | BatchRow>
  | Stream.Stream<ChatRequest | BatchRow, E, R>

/**
 * When a batch ends before its last row.
 *
 * @category options
 * @since 0.1.0
 */
export interface StopRules {
  /** The highest share of failed rows, from 0 to 1. Unlimited by default. */
  readonly errorRate?: number | undefined
  /** Outcomes before `errorRate` applies. Defaults to 20. */
  readonly minRows?: number | undefined
  /**
   * The cost at which no further row is read, in units of the currency. Failed attempts of rows that were
   * answered count if the client has an `Accounting`. A `Budget` of the client also bounds
   * rows in flight. A row whose cost is not known, or in a currency without a limit, stops the batch with
   * `UnknownPriceError`.
   */
  readonly cost?: { readonly USD?: number | undefined; readonly CNY?: number | undefined } | undefined
  /** The longest time that the batch may take. Rows in flight are then interrupted and have no outcome. */
  readonly deadline?: Duration.Input | undefined
  /**
   * How long a row waits while the circuit of its host and model is open, or while the store of
   * a budget is unavailable. Then it fails with `CircuitOpenError` or `BudgetStoreError`, which
   * stops the batch by default. Defaults to 10 minutes.
   */
  readonly outage?: Duration.Input | undefined
  /**
   * Errors that every other row would fail with too. Defaults to those of an invalid
   * key, an empty account, a daily limit, an exceeded budget, and an outage that is longer
   * than `outage`.
   */
  readonly errorTags?: ReadonlyArray<KimiError["_tag"]> | undefined
}

/**
 * Options of a batch.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<A = string, RD = never, RP = never> {
  /** Rows in flight. Defaults to 16. */
  readonly concurrency?: number | undefined
  /** The order of the outcomes: as they come (`completion`), or that of the rows, where a slow row delays those after it. At a `stop.deadline`, answered rows after a slow one are emitted without it; the output of a job is put into the order of the input when its last row is done. Defaults to `completion`. */
  readonly order?: "completion" | "input" | undefined
  /** Whether equal requests are sent once. Defaults to `true`; turn it off to sample several answers. */
  readonly deduplicate?: boolean | undefined
  /**
   * Reads each response, which must be JSON. A row whose response does not fit
   * fails with `StructuredOutputError`. The requests must ask for that form.
   */
  readonly schema?: Schema.ConstraintDecoder<A, RD> | undefined
  /** When the batch ends early. */
  readonly stop?: StopRules | undefined
  /** The number of rows, for the time that remains. Defaults to the length of an input that is an array. */
  readonly total?: number | undefined
  /** The job of the calls, for costs. */
  readonly job?: string | undefined
  /** Runs with the counts, every `progressInterval` and at the end, when it is final. */
  readonly onProgress?: ((progress: BatchProgress) => Effect.Effect<unknown, never, RP>) | undefined
  /** Defaults to a second. */
  readonly progressInterval?: Duration.Input | undefined
}

/**
 * All outcomes of a batch and its last counts.
 *
 * @category models
 * @since 0.1.0
 */
export interface BatchResult<A = string> {
  readonly responses: ReadonlyArray<BatchResponse<A>>
  readonly progress: BatchProgress
}

const optionNames: Readonly<Record<keyof Options, true>> = {
  concurrency: true,
  order: true,
  deduplicate: true,
  schema: true,
  stop: true,
  total: true,
  job: true,
  onProgress: true,
  progressInterval: true
}

/**
 * The default of `StopRules.errorTags`.
 *
 * @category constants
 * @since 0.1.0
 */
export const stoppingErrorTags: ReadonlyArray<KimiError["_tag"]> = stoppingTags

/**
 * Runs the rows and emits their outcomes. Leaving the stream interrupts the rows
 * in flight, and drops outcomes that were not taken from it: with the order `input`
 * also those of answered rows after a slow one. Its errors are those of the input, and `ConfigurationError` for
 * options that cannot be used.
 *
 * @category constructors
 * @since 0.1.0
 */
export const stream = <A = string, RD = never, E = never, R = never, RP = never>(
  input: Input<E, R>,
  options: Options<A, RD, RP> = {}
): Stream.Stream<BatchResponse<A>, ConfigurationError | E, KimiClient | R | RD | RP> =>
  Stream.unwrap(
    Effect.as(
      OptionRules.check("Batch", OptionRules.knownNames(options, optionNames)),
      RowStream.make<A, RD, E, R, RP, never>(() => input, options)
    )
  )

/**
 * Fails a stream of outcomes with the error of the first row that fails.
 *
 * **Example** (Stop at the first failure)
 *
 * ```ts
 * Batch.stream(rows).pipe(Batch.failFast)
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const failFast = <A, E, R>(
  self: Stream.Stream<BatchResponse<A>, E, R>
): Stream.Stream<Answered<A>, E | RowError, R> =>
  Stream.mapEffect(self, (outcome) =>
    outcome._tag === "Failed" ? Effect.fail(outcome.error) : Effect.succeed(outcome)
  )

/**
 * Runs the rows and collects their outcomes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = Effect.fnUntraced(function* <A = string, RD = never, E = never, R = never, RP = never>(
  input: Input<E, R>,
  options: Options<A, RD, RP> = {}
): Effect.fn.Return<BatchResult<A>, ConfigurationError | E, KimiClient | R | RD | RP> {
  let progress: BatchProgress | undefined
  const responses = yield* Stream.runCollect(
    stream<A, RD, E, R, RP>(input, {
      ...options,
      onProgress: (current) => {
        progress = current
        return options.onProgress?.(current) ?? Effect.void
      }
    })
  )
  // The last report is made before the stream ends.
  return { responses, progress: progress as BatchProgress }
})
