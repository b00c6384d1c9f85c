/** Runs the jobs of `SharedBatchJob`, and reads their journal. It is loaded by the first of them. */
import type { InvalidBatchRowError } from "@kimi-effect/core/BatchErrors"
import { listener } from "@kimi-effect/core/internal/Listener"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { BatchProgress } from "../../../../batch/BatchProgress.ts"
import * as RowStream from "../../../../batch/internal/RowStream.ts"
import { stoppingTags } from "../../../../batch/internal/stoppingTags.ts"
import { Journal } from "../../../../journal/internal/JournalService.ts"
import type { RunStatus } from "../../../../journal/Journal.ts"
import * as ClientMoney from "../../../../internal/clientMoney.ts"
import { KimiClient } from "../../../../KimiClient.ts"
import type { Options, SharedJobError, SharedResult, SharedStatus, Written } from "../../../SharedBatchJob.ts"
import { followed } from "../followed.ts"
import * as inputChanged from "../inputChanged.ts"
import * as inputRanges from "../input/inputRanges.ts"
import { type Reader, readerOf, readFailure } from "../input/inputRows.ts"
import { openFile } from "../input/inputSource.ts"
import { inputFailure } from "../openJob.ts"
import { sharedRules } from "../optionNames.ts"
import * as rowOptions from "../rowOptions.ts"
import * as sharedOutput from "./sharedOutput.ts"
import * as sharedRanges from "./sharedRanges.ts"
import * as sharedRow from "./sharedRow.ts"
import * as NodeDigest from "../../NodeDigest.ts"

const runIdOf = (id: string): string => `batch/${id}`

const toStatus = ({ calls, isCancelled, resources }: RunStatus, rejected: number): SharedStatus => {
  const count = (wanted: RunStatus["resources"][number]["state"]) =>
    resources.filter(({ state }) => state === wanted).length
  const lines = resources.reduce((sum, { resource }) => {
    const range = inputRanges.rangeOf(resource)
    return range === undefined ? sum : sum + range.end - range.line
  }, 0)
  return {
    done: calls - rejected,
    rejected,
    lines,
    ranges: { waiting: count("Waiting"), leased: count("Leased"), completed: count("Completed") },
    isComplete: resources.every(({ state }) => state === "Completed"),
    isCancelled
  }
}

/** Of a run that was deleted from the journal. */
const gone: SharedStatus = {
  done: 0,
  rejected: 0,
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

/** Of what changes the rows and their ranges. */
const digestOf = <A, RD, RP>({ prompts, schema }: Options<A, RD, RP>, reader: Reader, input: unknown, size: number) =>
  Effect.map(Effect.flatMap(KimiClient, ClientMoney.of), (money) => {
    const options = rowOptions.digestsOf(reader, { prompts, schema, model: money?.defaultModel })
    return rowOptions.digestOf({ input, options, rangeRows: size })
  })

export const run = <A = string, RD = never, RP = never>(
  options: Options<A, RD, RP>
): Effect.Effect<SharedResult, SharedJobError, Journal | KimiClient | RD | RP> =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* OptionRules.check("SharedBatchJob", [...sharedRules(options), ...rulesOf(options)])
      const { input, onProgress, onReject, pollInterval = "1 second", rangeRows = 100 } = options
      const output = followed(options.output)
      const rowReader = yield* readerOf(options)
      if (output !== undefined) yield* sharedOutput.checkOutput(output)
      const source = yield* Effect.try({ try: () => openFile(input), catch: inputFailure(input) })
      const reader = yield* Effect.tryPromise({ try: () => inputRanges.open(input, rowReader), catch: readFailure })

      const journal = yield* Journal
      const runId = runIdOf(options.id)
      const digest = yield* digestOf(options, rowReader, source.record, rangeRows)
      const worker = yield* journal.join(runId, { kind: "batch job", digest })
      yield* Stream.runForEach(plan(reader, rangeRows), worker.add)

      const inputWatch = yield* Effect.try({
        try: () => new inputChanged.InputWatch(source),
        catch: inputFailure(input)
      })
      const outages = new sharedRow.Outages()
      const watch = new sharedRanges.Watch(journal.isOver(runId))
      const settings = {
        worker,
        watch,
        reader,
        pollInterval: OptionRules.durationOf(pollInterval),
        onInvalid: (range: sharedRanges.LeasedRange, error: InvalidBatchRowError) =>
          Effect.andThen(sharedRow.reject(range, error, outages), listener(onReject)(error))
      }
      let own: BatchProgress | undefined
      yield* RowStream.make<A, RD, sharedRanges.RowFailure, RP, RP, sharedRanges.RowFailure>(
        (isStopped) => sharedRanges.rows({ ...settings, isStopped: () => isStopped() || inputWatch.hasOtherText() }),
        {
          ...options,
          order: "completion",
          leavesStopping: true,
          jobEnd: watch,
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

      if (inputWatch.isChanged()) return yield* Effect.fail(inputChanged.during(input, "id"))
      const state = yield* status(options.id)
      const isWritten = output !== undefined && state?.isComplete === true
      const written = isWritten ? yield* sharedOutput.write(journal, runId, output) : undefined
      // The last report is made before the stream ends.
      const last = own as BatchProgress | undefined
      return { ...(state ?? gone), own: last as BatchProgress, stopped: last?.stopped, written }
    })
  ).pipe(Effect.provide(NodeDigest.layer))

export const status = (id: string): Effect.Effect<SharedStatus | undefined, JournalStoreError, Journal> =>
  Effect.gen(function* () {
    const journal = yield* Journal
    const runId = runIdOf(id)
    // Before the status, which then has them among its calls.
    const rejected = yield* journal.count(runId, sharedRow.rejectDigest)
    const state = yield* journal.status(runId)
    return state === undefined ? undefined : toStatus(state, rejected)
  })

export const cancel = (id: string): Effect.Effect<void, JournalStoreError, Journal> =>
  Effect.flatMap(Journal, (journal) => journal.cancel(runIdOf(id)))

export const write = (
  id: string,
  output: string
): Effect.Effect<Written, InvalidRequestError | JournalStoreError, Journal> =>
  Effect.flatMap(Journal, (journal) => sharedOutput.write(journal, runIdOf(id), followed(output)))
