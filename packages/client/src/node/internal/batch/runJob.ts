/** Runs the jobs of `BatchJob`, and reads their files. It is loaded by the first of them. */
import type { InvalidBatchRowError } from "@kimi-effect/core/BatchErrors"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { listener } from "@kimi-effect/core/internal/Listener"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import { codec, type KimiError } from "@kimi-effect/core/KimiError"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Batch from "../../../batch/Batch.ts"
import type { BatchProgress } from "../../../batch/BatchProgress.ts"
import type { BatchResponse, BatchRow } from "../../../batch/BatchResponse.ts"
import * as RowStream from "../../../batch/internal/RowStream.ts"
import { skipped } from "../../../batch/internal/settling.ts"
import * as ClientMoney from "../../../internal/clientMoney.ts"
import { KimiClient } from "../../../KimiClient.ts"
import type { JobError, JobResult, Options, RowOptions } from "../../BatchJob.ts"
import * as NodeDigest from "../NodeDigest.ts"
import { asTheyCome, inOrder, toFunction } from "./delivery.ts"
import { followed } from "./followed.ts"
import * as hostRecord from "./host/hostRecord.ts"
import * as inputChanged from "./inputChanged.ts"
import { type Reader, readerOf, rowsOf, streamRows } from "./input/inputRows.ts"
import { Reading } from "./input/inputSource.ts"
import * as jobProgress from "./jobProgress.ts"
import { type Job, open, openSource, openWriter } from "./openJob.ts"
import { jobRules, rowsRules } from "./optionNames.ts"
import { encodeLine, encodeReject } from "./output/outputLine.ts"
import { Counts, type Status } from "./jobStatus.ts"
import { failedLines, statusOf } from "./readJob.ts"
import * as rowOptions from "./rowOptions.ts"

export { followed }
export { statusOf as status } from "./readJob.ts"

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
  <RP>(job: Job, onReject: Options<string, never, RP>["onReject"]) =>
  (error: InvalidBatchRowError): Effect.Effect<unknown, JournalStoreError, RP> =>
    Effect.andThen(job.reject(encodeReject(error)), listener(onReject)(error))

/** Counts rows with an id that another row has. */
const noting =
  ({ ids }: Job) =>
  (row: BatchRow): BatchRow => {
    ids.add(row.id ?? `${row.line}`)
    return row
  }

const nothing: Status = new Counts().status

/** What an output has whose job was not opened. A damaged one is named by the run that opens it. */
const countsOf = (output: unknown): Effect.Effect<Status> =>
  typeof output !== "string"
    ? Effect.succeed(nothing)
    : statusOf(output).pipe(
        Effect.map(({ answered, cost, failed, failedByTag }): Status => ({ answered, failed, failedByTag, cost })),
        Effect.orElseSucceed(() => nothing)
      )

/** The deadline counts from `startedAt`, a monotonic time in milliseconds; by default from now. */
export const run = <A = string, RD = never, RP = never>(
  options: Options<A, RD, RP>,
  startedAt?: number
): Effect.Effect<JobResult, JobError, KimiClient | RD | RP> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { onProgress, onReject, output, total } = options
      const stoppingTags = new Set<string>(options.stop?.errorTags ?? Batch.stoppingErrorTags)
      const reader = yield* readerOf(options)
      const scope = yield* Effect.scope
      const reading = new Reading()
      let job: Job | undefined
      let resumed = 0
      let before = nothing
      // Opened by the first read of the rows, so that the deadline covers the wait for a stream.
      const opened = Effect.gen(function* () {
        const found = yield* openOutput(options, reader)
        const { done, isEndedByChange, source } = found
        job = found
        // The file is closed after it.
        yield* Effect.addFinalizer(() => delivery.writeRest)
        resumed = done.size
        before = found.status()
        found.countRows(() => (reading.isAtEnd ? reading.rows - found.rejected() : undefined))
        return streamRows(
          rowsOf(reader, source, (line) => !done.has(line), reading),
          rejecting(found, onReject)
        ).pipe(Stream.takeWhile(inputChanged.untilChanged(isEndedByChange)), Stream.map(noting(found)))
      }).pipe(Scope.provide(scope))
      let progress: BatchProgress | undefined
      const record = (outcome: BatchResponse<A>) => {
        if (job === undefined) return Effect.void
        if (outcome._tag === "Answered" || !stoppingTags.has(outcome.error._tag)) {
          return job.append(encodeLine(outcome, options.schema !== undefined))
        }
        if (Option.isSome(outcome.cost)) job.spend(outcome.cost.value)
        return Effect.void
      }
      const delivery = (typeof output !== "string" ? toFunction : options.order === "input" ? inOrder : asTheyCome)(
        record
      )
      const countUnopened = Effect.map(countsOf(output), (found) => {
        before = found
        resumed = found.answered + found.failed
      })
      const settings = {
        ...options,
        leavesStopping: true,
        startedAt,
        onProgress: (current: BatchProgress) =>
          Effect.gen(function* () {
            progress = current
            if (job === undefined) {
              // Nothing is known before, and a job that could not be opened has failed.
              if (current.stopped === undefined) return
              yield* countUnopened
            }
            if (onProgress === undefined) return
            const rejected = job?.rejected() ?? 0
            const { source } = job ?? {}
            yield* onProgress(jobProgress.of(current, { given: total, reading, source, resumed, before, rejected }))
          })
      }
      const around: RowStream.Around<A, JournalStoreError> = (_, made) =>
        Effect.tap(made, (outcome) => (outcome === skipped ? Effect.void : delivery.made(outcome)))
      yield* RowStream.make<A, RD, JobError, KimiClient | RP, RP, JournalStoreError>(
        () => Stream.unwrap(opened),
        settings,
        around
      ).pipe(Stream.runForEach(delivery.taken))
      const stopped = progress?.stopped
      if (job === undefined) return { ...before, rejected: 0, duplicateIds: 0, resumed, stopped }
      yield* job.finish(stopped === undefined)
      return { ...job.status(), rejected: job.rejected(), duplicateIds: job.ids.duplicates, resumed, stopped }
    })
  ).pipe(Effect.provide(NodeDigest.layer))

/** A job with the options of `BatchJob` alone. */
export const runAlone = <A = string, RD = never, RP = never>(
  options: Options<A, RD, RP>
): Effect.Effect<JobResult, JobError, KimiClient | RD | RP> =>
  Effect.andThen(
    OptionRules.check("BatchJob", jobRules(options)),
    Effect.suspend(() => run({ ...options, output: followed(options.output) }))
  )

export const rows = <R>(options: RowOptions<R>): Stream.Stream<BatchRow, ConfigurationError | InvalidRequestError, R> =>
  Stream.unwrap(
    Effect.gen(function* () {
      yield* OptionRules.check("BatchJob", rowsRules(options))
      const reader = yield* readerOf(options)
      const source = yield* openSource(options.input)
      return streamRows(
        rowsOf(reader, source, () => true, new Reading()),
        listener(options.onReject)
      )
    })
  )

const FailedRow = Schema.Struct({ id: Schema.String, line: Schema.Int, attempts: Schema.Int, error: codec })

export type FailedRow = typeof FailedRow.Type

const decodeFailedRow = Schema.decodeUnknownOption(Schema.fromJsonString(FailedRow))

export const failedRows = (
  output: string,
  tags?: ReadonlyArray<KimiError["_tag"]>
): Effect.Effect<ReadonlyArray<FailedRow>, InvalidRequestError | JournalStoreError> =>
  failedLines(output, tags === undefined ? undefined : new Set(tags), (line) =>
    Option.getOrUndefined(decodeFailedRow(line))
  )
