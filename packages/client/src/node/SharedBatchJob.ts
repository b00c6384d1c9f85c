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
import type { InvalidBatchRowError } from "@kimi-effect/core/BatchErrors"
import { BatchInputChangedError } from "@kimi-effect/core/BatchErrors"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { listener } from "@kimi-effect/core/internal/Listener"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { JournalMismatchError, JournalStoreError } from "@kimi-effect/core/JournalErrors"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { BatchProgress, StopReason } from "../batch/BatchProgress.ts"
import * as RowStream from "../batch/internal/RowStream.ts"
import { stoppingTags } from "../batch/internal/stoppingTags.ts"
import { Journal, type RunStatus } from "../journal/Journal.ts"
import * as ClientMoney from "../internal/clientMoney.ts"
import { KimiClient } from "../KimiClient.ts"
import type * as BatchJob from "./BatchJob.ts"
import * as inputRanges from "./internal/batch/inputRanges.ts"
import { readerOf, readFailure } from "./internal/batch/inputRows.ts"
import { openFile } from "./internal/batch/inputSource.ts"
import { inputFailure } from "./internal/batch/openJob.ts"
import * as sharedOutput from "./internal/batch/sharedOutput.ts"
import * as sharedRanges from "./internal/batch/sharedRanges.ts"
import * as sharedRow from "./internal/batch/sharedRow.ts"
import * as NodeDigest from "./internal/NodeDigest.ts"

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
  /** Rows with a result, and lines that are no rows. */
  readonly done: number
  /** Lines of the input, blank ones included. */
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

const runIdOf = (id: string): string => `batch/${id}`

const toStatus = ({ calls, isCancelled, resources }: RunStatus): SharedStatus => {
  const count = (wanted: RunStatus["resources"][number]["state"]) =>
    resources.filter(({ state }) => state === wanted).length
  const lines = resources.reduce((sum, { resource }) => {
    const range = inputRanges.rangeOf(resource)
    return range === undefined ? sum : sum + range.end - range.line
  }, 0)
  return {
    done: calls,
    lines,
    ranges: { waiting: count("Waiting"), leased: count("Leased"), completed: count("Completed") },
    isComplete: resources.every(({ state }) => state === "Completed"),
    isCancelled
  }
}

/** Of a run that was deleted from the journal. */
const gone: SharedStatus = {
  done: 0,
  lines: 0,
  ranges: { waiting: 0, leased: 0, completed: 0 },
  isComplete: false,
  isCancelled: true
}

const rulesOf = ({ id, pollInterval, rangeRows }: Pick<Options, "id" | "pollInterval" | "rangeRows">) => [
  ["id", id !== "", "a text that is not empty"] as const,
  OptionRules.positiveInteger("rangeRows", rangeRows),
  OptionRules.positiveDuration("pollInterval", pollInterval)
]

/** All ranges of the input, added to the run. Every process finds the same ones. */
const plan = (reader: inputRanges.RangeReader, size: number) =>
  Stream.fromAsyncIterable(inputRanges.rangesOf(reader, size), readFailure).pipe(
    Stream.map(inputRanges.nameOf),
    Stream.grouped(500)
  )

/** Of what changes the rows. */
const digestOf = <A, RD, RP>({ prompts, schema }: Options<A, RD, RP>, input: ReadonlyArray<unknown>) =>
  Effect.map(Effect.flatMap(KimiClient, ClientMoney.of), (money) =>
    sharedRow.digestOf([
      input,
      // As they were given: those that are compiled look the same for every template.
      prompts,
      schema !== undefined,
      // Of rows that name none.
      money?.defaultModel
    ])
  )

/**
 * Works on a job until it is complete, with the other processes that run it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = <A = string, RD = never, RP = never>(
  options: Options<A, RD, RP>
): Effect.Effect<SharedResult, SharedJobError, Journal | KimiClient | RD | RP> =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* OptionRules.check("SharedBatchJob", rulesOf(options))
      const { input, onProgress, onReject, output, pollInterval = "1 second", rangeRows = 100 } = options
      const rowReader = yield* readerOf(options)
      if (output !== undefined) yield* sharedOutput.checkOutput(output)
      const source = yield* Effect.try({ try: () => openFile(input), catch: inputFailure(input) })
      const reader = yield* Effect.tryPromise({ try: () => inputRanges.open(input, rowReader), catch: readFailure })

      const journal = yield* Journal
      const runId = runIdOf(options.id)
      const digest = yield* digestOf(options, [source.record, rowReader.separator, rangeRows])
      const worker = yield* journal.join(runId, { kind: "batch job", digest })
      yield* Stream.runForEach(plan(reader, rangeRows), worker.add)

      const outages = new sharedRow.Outages()
      const settings = {
        worker,
        status: journal.status(runId),
        reader,
        pollInterval: OptionRules.durationOf(pollInterval),
        onInvalid: (range: sharedRanges.LeasedRange, error: InvalidBatchRowError) =>
          Effect.andThen(sharedRow.reject(range, error, outages), listener(onReject)(error))
      }
      let own: BatchProgress | undefined
      yield* RowStream.make<A, RD, sharedRanges.RowFailure, never, RP, sharedRanges.RowFailure>(
        (isStopped) => sharedRanges.rows({ ...settings, isStopped }),
        {
          ...options,
          order: "completion",
          onProgress: (progress) => {
            own = progress
            return onProgress?.(progress) ?? Effect.void
          }
        },
        sharedRow.recorded({
          outages,
          stoppingTags: new Set<string>(options.stop?.errorTags ?? stoppingTags),
          hasValue: options.schema !== undefined
        })
      ).pipe(Stream.runDrain)

      const isUnchanged = yield* Effect.try({ try: source.isUnchanged, catch: inputFailure(input) })
      if (!isUnchanged) {
        const message = "The input was changed while the job was running"
        return yield* Effect.fail(new BatchInputChangedError({ message, input }))
      }
      const state = yield* status(options.id)
      const isWritten = output !== undefined && state?.isComplete === true
      const written = isWritten ? yield* sharedOutput.write(journal, runId, output) : undefined
      // The last report is made before the stream ends.
      const last = own as BatchProgress | undefined
      return { ...(state ?? gone), own: last as BatchProgress, stopped: last?.stopped, written }
    })
  ).pipe(Effect.provide(NodeDigest.layer))

/**
 * The state of a job, undefined if there is none of this id.
 *
 * @category getters
 * @since 0.1.0
 */
export const status = (id: string): Effect.Effect<SharedStatus | undefined, JournalStoreError, Journal> =>
  Effect.flatMap(Journal, (journal) =>
    Effect.map(journal.status(runIdOf(id)), (state) => (state === undefined ? undefined : toStatus(state)))
  )

/**
 * Ends a job: its processes complete the rows in flight and leave.
 *
 * @category constructors
 * @since 0.1.0
 */
export const cancel = (id: string): Effect.Effect<void, JournalStoreError, Journal> =>
  Effect.flatMap(Journal, (journal) => journal.cancel(runIdOf(id)))

/**
 * Writes the results that a job has so far, in the order of the input. A complete
 * job writes its output itself.
 *
 * @category constructors
 * @since 0.1.0
 */
export const write = (
  id: string,
  output: string
): Effect.Effect<Written, InvalidRequestError | JournalStoreError, Journal> =>
  Effect.flatMap(Journal, (journal) => sharedOutput.write(journal, runIdOf(id), output))
