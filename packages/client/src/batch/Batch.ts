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
 * - Rows are read when there is room for them, so `stream` takes constant memory.
 *   `run` collects the outcomes.
 * - A batch that is stopped reads no further rows and emits what it has: rows in
 *   flight are completed, except by a deadline, which interrupts them.
 * - Equal requests are sent once, as long as the first is in flight or among the
 *   last 1,000 answers.
 * - An iterable that throws is a defect. Use a `Stream` for an input that can fail.
 *
 * @since 0.1.0
 */
import * as CallOptions from "@kimi-effect/core/CallOptions"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { KimiClient } from "../KimiClient.ts"
import type { BatchProgress } from "./BatchProgress.ts"
import type { Answered, BatchResponse, BatchRow, RowError } from "./BatchResponse.ts"
import * as EqualRows from "./internal/EqualRows.ts"
import { decoderOf, runRow } from "./internal/runRow.ts"
import { toStream } from "./internal/inputStream.ts"
import { Tally } from "./internal/Tally.ts"

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
  /** The cost at which no further row is read, in units of the currency. A `Budget` of the client also bounds rows in flight. */
  readonly cost?: { readonly USD?: number | undefined; readonly CNY?: number | undefined } | undefined
  /** Longest time of the batch. Rows in flight are then interrupted and have no outcome. */
  readonly deadline?: Duration.Input | undefined
  /**
   * Errors that every other row would fail with too. Defaults to those of the
   * key, of an empty account or day, and of an exceeded budget.
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
  /** The order of the outcomes: as they come (`completion`), or that of the rows, where a slow row delays those after it. Defaults to `completion`. */
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
  /** The number of rows, for the time that remains. Known of arrays by default. */
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

/**
 * The default of `StopRules.errorTags`.
 *
 * @category constants
 * @since 0.1.0
 */
export const stoppingErrorTags: ReadonlyArray<KimiError["_tag"]> = [
  "AuthenticationError",
  "BudgetExceededError",
  "DailyLimitError",
  "IpNotAllowedError",
  "QuotaExceededError"
]

type Limits = Pick<Options, "concurrency" | "progressInterval" | "stop" | "total">

const amountRule = (currency: "USD" | "CNY", amount: number | undefined): OptionRules.Rule => [
  `stop.cost.${currency}`,
  amount === undefined || (Number.isFinite(amount) && amount >= 0),
  "an amount of at least zero"
]

const rulesOf = (options: Limits): ReadonlyArray<OptionRules.Rule> => [
  OptionRules.positiveInteger("concurrency", options.concurrency),
  OptionRules.positiveDuration("progressInterval", options.progressInterval),
  OptionRules.fraction("stop.errorRate", options.stop?.errorRate),
  OptionRules.positiveInteger("stop.minRows", options.stop?.minRows),
  OptionRules.positiveDuration("stop.deadline", options.stop?.deadline),
  amountRule("USD", options.stop?.cost?.USD),
  amountRule("CNY", options.stop?.cost?.CNY),
  OptionRules.countOrZero("total", options.total)
]

const totalOf = (input: object, { total }: Limits): number | undefined =>
  total ?? (Array.isArray(input) ? input.length : undefined)

const toRow = (row: ChatRequest | BatchRow): BatchRow => ("request" in row ? row : { request: row })

const tallyOf = (options: Limits, startedAt: number, total: number | undefined) =>
  new Tally(
    {
      errorRate: options.stop?.errorRate,
      minRows: options.stop?.minRows ?? 20,
      cost: options.stop?.cost,
      errorTags: new Set(options.stop?.errorTags ?? stoppingErrorTags)
    },
    startedAt,
    total
  )

/** Reads no further rows after the deadline, also if the input is slow. */
const withDeadline = <A, E, R>(
  rows: Stream.Stream<A, E, R>,
  deadline: number | undefined,
  tally: Tally
): Stream.Stream<A, E, R> =>
  deadline === undefined
    ? rows
    : Stream.interruptWhen(
        rows,
        Effect.andThen(
          Effect.sleep(deadline),
          Effect.sync(() => void (tally.stopped ??= { _tag: "Deadline" }))
        )
      )

/** Reports the counts while the scope is open. */
const reportEvery = <R>(
  interval: Duration.Input,
  clock: Clock.Clock,
  tally: Tally,
  onProgress: (progress: BatchProgress) => Effect.Effect<unknown, never, R>
) =>
  Effect.sleep(interval).pipe(
    Effect.andThen(Effect.suspend(() => onProgress(tally.progress(MonotonicClock.millisUnsafe(clock), false)))),
    Effect.forever,
    Effect.forkScoped
  )

/**
 * Runs the rows and emits their outcomes. Leaving the stream interrupts the rows
 * in flight. Its errors are those of the input, and `ConfigurationError` for
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
    Effect.gen(function* () {
      yield* OptionRules.check("Batch", rulesOf(options))
      const { concurrency = 16, job, onProgress, order = "completion", progressInterval = "1 second", stop } = options
      const client = yield* KimiClient
      const clock = yield* Clock.Clock
      const tally = tallyOf(options, MonotonicClock.millisUnsafe(clock), totalOf(input, options))
      const share = yield* EqualRows.make(options.deduplicate ?? true)
      const run = runRow({ client, share, decode: decoderOf(options.schema) })
      if (onProgress !== undefined) yield* reportEvery(progressInterval, clock, tally, onProgress)

      const deadline =
        stop?.deadline === undefined ? undefined : Duration.toMillis(OptionRules.durationOf(stop.deadline))
      const endsAt = deadline === undefined ? undefined : MonotonicClock.millisUnsafe(clock) + deadline
      const beforeDeadline = <B, R1>(row: Effect.Effect<B, never, R1>): Effect.Effect<B | undefined, never, R1> =>
        endsAt === undefined
          ? row
          : Effect.map(
              Effect.timeoutOption(row, Math.max(0, endsAt - MonotonicClock.millisUnsafe(clock))),
              Option.getOrUndefined
            )
      let count = 0
      const outcomes = withDeadline(toStream(input), deadline, tally).pipe(
        Stream.takeWhile(() => tally.stopped === undefined),
        Stream.mapEffect(
          (given) => {
            count += 1
            return tally.stopped === undefined
              ? Effect.tap(beforeDeadline(run(toRow(given), count)), (outcome) =>
                  Effect.sync(() => {
                    if (outcome === undefined) tally.stopped ??= { _tag: "Deadline" }
                    else tally.add(outcome)
                  })
                )
              : Effect.undefined
          },
          { concurrency, unordered: order === "completion" }
        ),
        Stream.filter((outcome) => outcome !== undefined)
      )
      const reported =
        onProgress === undefined
          ? outcomes
          : Stream.ensuring(
              outcomes,
              Effect.suspend(() => onProgress(tally.progress(MonotonicClock.millisUnsafe(clock), true)))
            )
      return CallOptions.provideStream({ priority: "batch", job })(reported)
    })
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
