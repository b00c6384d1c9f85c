/** Runs a job where it was chosen to run. */
import type { InvalidBatchError } from "@kimi-effect/core/BatchErrors"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import { counted } from "@kimi-effect/core/internal/Counted"
import { listener } from "@kimi-effect/core/internal/Listener"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Result from "effect/Result"
import * as BatchMode from "../../../../batch/BatchMode.ts"
import type { PreparedBatch } from "../../../../batch/HostBatch.ts"
import { HostBatch } from "../../../../batch/internal/host/HostBatchService.ts"
import { metadataRule, windowRule } from "../../../../batch/internal/createBody.ts"
import { stopNameRules } from "../../../../batch/internal/RowStream.ts"
import { followRules } from "../../../../batch/internal/host/follow.ts"
import { ownPairs } from "../../../../batch/internal/host/submit.ts"
import * as ClientMoney from "../../../../internal/clientMoney.ts"
import { KimiClient } from "../../../../KimiClient.ts"
import type * as BatchJob from "../../../BatchJob.ts"
import type * as HostBatchJob from "../../../HostBatchJob.ts"
import { HostJob, noSurplus } from "./HostJob.ts"
import * as hostRecord from "./hostRecord.ts"
import { readerOf } from "../input/inputRows.ts"
import { rerunRule } from "../optionNames.ts"
import * as optionNames from "./optionNames.ts"
import * as rowOptions from "../rowOptions.ts"
import { type Job, open } from "../openJob.ts"
import * as RunJob from "../runJob.ts"

type Options<A, RD, RP> = HostBatchJob.Options<A, RD, RP>
type Failure = HostBatchJob.JobError

/** The window of a batch ends before the deadline, unless every window is longer. */
const deadlineRule = ({ mode, stop }: Options<never, never, never>): OptionRules.Rule => [
  "stop.deadline",
  mode !== "host" ||
    stop?.deadline === undefined ||
    // What is no duration is refused as that.
    Duration.isZero(OptionRules.durationOf(stop.deadline)) ||
    Duration.isGreaterThanOrEqualTo(OptionRules.durationOf(stop.deadline), BatchMode.shortestWindow),
  "at least 12 hours in the mode host, the shortest window of the host: with a shorter one use the mode auto or local"
]

const rulesOf = (options: Options<never, never, never>, isResumed: boolean): ReadonlyArray<OptionRules.Rule> => [
  ...OptionRules.knownNames(options, optionNames.ofRun),
  ...stopNameRules(options.stop),
  rerunRule(options),
  OptionRules.oneOf("mode", options.mode, ["local", "host", "auto"]),
  windowRule(options.completionWindow),
  metadataRule(options.metadata, ownPairs),
  ...followRules(options),
  OptionRules.positiveDuration("stop.deadline", options.stop?.deadline),
  // The window of a batch that is there is not chosen any more.
  ...(isResumed ? [] : [deadlineRule(options)])
]

/** Rows that name no model have the same one in both places. */
const withModel =
  (model: string | undefined) =>
  <A, E, R>(effect: Effect.Effect<A, E, R | KimiClient>): Effect.Effect<A, E, R | KimiClient> =>
    model === undefined
      ? effect
      : Effect.updateService(effect, KimiClient, (client) =>
          ClientMoney.register(
            {
              ...client,
              chat: (request) => client.chat(request.model === undefined ? { ...request, model } : request)
            },
            Effect.map(ClientMoney.of(client), (money) => ({
              accounting: money?.accounting,
              budget: money?.budget,
              defaultModel: model
            }))
          )
        )

/** The options of a job that runs in this program. */
const localOptions = <A, RD, RP>(options: Options<A, RD, RP>): BatchJob.Options<A, RD, RP> =>
  Object.fromEntries(
    Object.entries(options).filter(([name]) => !Object.hasOwn(optionNames.ofHost, name))
    // The type has the rest of the names.
  ) as unknown as BatchJob.Options<A, RD, RP>

/** Its deadline counts from `startedAt`, before the input was read for the choice. */
const local = <A, RD, RP>(options: Options<A, RD, RP>, choice: BatchMode.Choice | undefined, startedAt: number) =>
  Effect.map(
    withModel(options.model)(RunJob.run<A, RD, RP>(localOptions(options), startedAt)),
    (result): HostBatchJob.JobResult => ({
      ...result,
      mode: "local",
      choice,
      batch: undefined,
      unanswered: 0,
      surplus: noSurplus
    })
  )

const nothingToRun = (job: Job): HostBatchJob.JobResult => ({
  ...job.status(),
  rejected: job.rejected(),
  duplicateIds: 0,
  resumed: job.done.size,
  stopped: undefined,
  mode: "host",
  choice: undefined,
  batch: undefined,
  unanswered: 0,
  surplus: noSurplus
})

/** Refuses what only this program can do, and reports what was checked. */
const checked = <A, RD, RP>(
  { onEvent, order }: Options<A, RD, RP>,
  prepared: PreparedBatch
): Effect.Effect<void, InvalidRequestError, RP> => {
  if (order === "input") {
    const message = "The host has no order: use the order completion, or the mode local"
    return Effect.fail(new InvalidRequestError({ message, parameter: "order" }))
  }
  const { content, cost, rows } = prepared
  return Effect.asVoid(listener(onEvent)({ _tag: "Checked", rows: rows.length, bytes: content.size, cost: cost.host }))
}

const hasEnded = (rows: number): InvalidRequestError =>
  new InvalidRequestError({
    message: `The batch of this job has ended, and ${counted(rows, "row")} of its input ${rows === 1 ? "has" : "have"} no line: run the job again to send them`,
    parameter: "output",
    fix: "Run the job with its input and its options: it sends only these rows."
  })

/** Sends the rows, unless they run in this program. */
const runWhereChosen = <A, RD, RP>(
  options: Options<A, RD, RP>,
  run: HostJob<A, RD, RP>,
  found: Result.Result<PreparedBatch, InvalidBatchError>
) =>
  Effect.gen(function* () {
    const { mode = "auto", onEvent } = options
    const choice = run.choose(found)
    if (mode === "auto") {
      yield* listener(onEvent)({ _tag: "Chosen", choice })
      if (choice.mode === "local") return choice
    }
    yield* run.reportRejected
    const prepared = yield* Effect.fromResult(found)
    yield* checked(options, prepared)
    const { id } = yield* run.submit(prepared, choice.completionWindow, undefined)
    const asked = { ...choice, mode: "host" as const, reason: "The mode host is set" }
    return yield* run.collect(id, prepared.rows, mode === "auto" ? choice : asked)
  })

/** The model of new rows that name none. A job that is continued without its options has no new rows. */
const defaultModel = (isResumed: boolean): Effect.Effect<string | undefined, never, KimiClient> =>
  isResumed ? Effect.undefined : Effect.map(Effect.flatMap(KimiClient, ClientMoney.of), (money) => money?.defaultModel)

/** At the host, or the choice of this program, which runs the job when its files are closed. */
const atHost = <A, RD, RP>(options: Options<A, RD, RP>, isResumed: boolean) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { input, output, rerun } = options
      const host = yield* HostBatch
      const reader = yield* readerOf(options)
      const model = options.model ?? (yield* defaultModel(isResumed))
      const digests = rowOptions.digestsOf(reader, { ...options, model })
      const job = yield* open({ input, output, order: undefined, rerun, options: digests })
      // Read again when no other process can write it: one may just have ended.
      const last = Option.getOrUndefined(yield* hostRecord.read(output))
      const record = last?.state === "open" ? last : undefined
      // Rows of a submission that name no model have that of the submission.
      const run = new HostJob({ ...options, model: options.model ?? record?.model }, host, job, reader, last)
      if (record?.submission.batchId !== undefined) {
        return yield* run.collect(record.submission.batchId, undefined, undefined)
      }
      const found = Option.getOrUndefined(yield* run.prepare())
      if (found === undefined) {
        yield* run.reportRejected
        return yield* Effect.as(job.finish(true), nothingToRun(job))
      }
      if (record !== undefined) {
        const prepared = yield* Effect.fromResult(found)
        const { id } = yield* run.submit(prepared, Duration.hours(record.completionWindow), record.submission)
        return yield* run.collect(id, prepared.rows, undefined)
      }
      if (isResumed) return yield* hasEnded(run.pending)
      return yield* runWhereChosen(options, run, found)
    })
  )

/** With `isResumed`, no row is sent that was not in the last submission. */
export const runHostJob = <A, RD, RP>(
  options: Options<A, RD, RP>,
  isResumed = false
): Effect.Effect<HostBatchJob.JobResult, Failure, HostBatch | KimiClient | RD | RP> =>
  Effect.gen(function* () {
    // Before the rows are read, and reported as checked.
    yield* OptionRules.check("HostBatchJob", rulesOf(options as never, isResumed))
    const startedAt = yield* MonotonicClock.millis
    if (options.mode === "local") return yield* local(options, undefined, startedAt)
    // A damaged record fails before any file of the job is created.
    yield* hostRecord.read(options.output)
    const result = yield* CallOptions.provide({ job: options.job })(atHost(options, isResumed))
    return "answered" in result ? result : yield* local(options, result, startedAt)
  })
