/** Runs a job where it was chosen to run. */
import { resolve } from "node:path"
import type { Batch } from "@kimi-effect/core/Batch"
import { InvalidBatchError, type InvalidBatchRowError } from "@kimi-effect/core/BatchErrors"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as BatchMode from "../../../batch/BatchMode.ts"
import type { BatchResponse } from "../../../batch/BatchResponse.ts"
import { HostBatch, type HostRow, type PreparedBatch, type Submission, type Surplus } from "../../../batch/HostBatch.ts"
import { refusal, stepEvent } from "../../../batch/internal/host/collect.ts"
import { KimiClient } from "../../../KimiClient.ts"
import * as BatchJob from "../../BatchJob.ts"
import type * as HostBatchJob from "../../HostBatchJob.ts"
import { hostRows, requestsOf, rows } from "./hostInput.ts"
import * as hostRecord from "./hostRecord.ts"
import { type Reader, readerOf } from "./inputRows.ts"
import { type Job, open } from "./openJob.ts"
import { encodeLine, encodeReject } from "./outputLine.ts"

type Options<A, RD, RP> = HostBatchJob.Options<A, RD, RP>
type Failure = HostBatchJob.JobError
type Service = HostBatch["Service"]

const noSurplus: Surplus = { malformed: 0, duplicates: 0, unknown: 0 }

const rulesOf = (options: Options<never, never, never>): ReadonlyArray<OptionRules.Rule> => [
  OptionRules.oneOf("mode", options.mode, ["local", "host", "auto"]),
  OptionRules.positiveDuration("completionWindow", options.completionWindow),
  OptionRules.millisecondDuration("interval", options.interval),
  OptionRules.millisecondDuration("maxInterval", options.maxInterval),
  OptionRules.positiveDuration("timeout", options.timeout),
  OptionRules.positiveDuration("stop.deadline", options.stop?.deadline)
]

/** A job that is open for one run. */
class HostJob<A, RD, RP> {
  readonly #options: Options<A, RD, RP>
  readonly #host: Service
  readonly #job: Job
  readonly #reader: Reader
  #record: hostRecord.HostRecord | undefined

  constructor(
    options: Options<A, RD, RP>,
    host: Service,
    job: Job,
    reader: Reader,
    record: hostRecord.HostRecord | undefined
  ) {
    this.#options = options
    this.#host = host
    this.#job = job
    this.#reader = reader
    this.#record = record
  }

  readonly #rejected = (error: InvalidBatchRowError): Effect.Effect<unknown, JournalStoreError> =>
    Effect.andThen(this.#job.reject(encodeReject(error)), this.#options.onReject?.(error) ?? Effect.void)

  #write(record: hostRecord.HostRecord): Effect.Effect<void, JournalStoreError> {
    this.#record = record
    return hostRecord.write(this.#options.output, record)
  }

  /** Checks the rows that are not done. None if there are none. */
  prepare() {
    let count = 0
    const { done, source } = this.#job
    const pending = rows(this.#reader, source, (line) => !done.has(line), this.#rejected).pipe(
      Stream.tap(() => Effect.sync(() => void (count += 1)))
    )
    const prepared = this.#host.prepare(pending, { model: this.#options.model, keepRequests: false })
    return Effect.matchEffect(prepared, {
      onSuccess: (batch) =>
        Effect.succeed(Option.some<Result.Result<PreparedBatch, InvalidBatchError>>(Result.succeed(batch))),
      onFailure: (error) =>
        error instanceof InvalidBatchError
          ? Effect.succeed(count === 0 ? Option.none() : Option.some(Result.fail(error)))
          : Effect.fail(error)
    })
  }

  choose(prepared: Result.Result<PreparedBatch, InvalidBatchError>): BatchMode.Choice {
    const { completionWindow, order, stop } = this.#options
    const unordered =
      order === "input" ? { message: "Its results are in no order, and the order of the input is required" } : undefined
    return BatchMode.choose({
      cost: Result.isSuccess(prepared) ? prepared.success.cost : { host: Option.none(), local: Option.none() },
      problem: unordered ?? (Result.isFailure(prepared) ? prepared.failure : undefined),
      deadline: stop?.deadline === undefined ? undefined : OptionRules.durationOf(stop.deadline),
      completionWindow: completionWindow === undefined ? undefined : OptionRules.durationOf(completionWindow)
    })
  }

  #newRecord(submission: Submission, prepared: PreparedBatch, window: Duration.Duration): hostRecord.HostRecord {
    const { format, input, prompts, separator } = this.#options
    const isData = typeof prompts?.template !== "function"
    return {
      version: 1,
      submission,
      model: prepared.model,
      rows: prepared.rows.length,
      completionWindow: Duration.toHours(window),
      isAccounted: false,
      state: "open",
      ...(isData ? { input: { path: resolve(input), format, separator, prompts } } : {})
    }
  }

  /** Sends the batch, or what is missing of one that a process has begun to send. */
  submit(prepared: PreparedBatch, window: Duration.Duration, continued: Submission | undefined) {
    const { metadata, onEvent = () => Effect.void } = this.#options
    return this.#host.submit<JournalStoreError, RP>(prepared, {
      completionWindow: window,
      metadata,
      continued,
      onStep: (submission) => {
        const event = stepEvent(submission)
        return Effect.andThen(
          this.#write(this.#newRecord(submission, prepared, window)),
          event === undefined ? Effect.void : onEvent(event)
        )
      }
    })
  }

  /** Waits for the batch, and writes a line for each row that it has run. */
  collect(
    batchId: string,
    sent: ReadonlyArray<HostRow> | undefined,
    choice: BatchMode.Choice | undefined
  ): Effect.Effect<HostBatchJob.JobResult, Failure, RD | RP> {
    const { deleteFiles = false, interval, maxInterval, onEvent, timeout } = this.#options
    const host = this.#host
    const job = this.#job
    return Effect.gen({ self: this }, function* () {
      const batch = yield* host.follow(batchId, {
        interval,
        maxInterval,
        timeout,
        onState: (state) => onEvent?.({ _tag: "State", batch: state }) ?? Effect.void
      })
      const refused = refusal(batch)
      const resumed = job.done.size
      const { surplus, unanswered } = yield* this.#read(
        batch,
        refused === undefined ? (sent ?? (yield* this.#rows())) : []
      )
      yield* job.finish(unanswered === 0 && refused === undefined)
      if (this.#record !== undefined) yield* this.#write({ ...this.#record, state: "ended", status: batch.status })
      if (refused !== undefined) return yield* refused
      if (deleteFiles) yield* host.deleteFiles(batch)
      return {
        ...job.status(),
        rejected: job.rejected(),
        resumed,
        stopped: undefined,
        mode: "host" as const,
        choice,
        batch,
        unanswered,
        surplus
      }
    })
  }

  /** The rows of the batch, by reading the whole input: an earlier run may have written some of them. */
  #rows() {
    const { done, source } = this.#job
    return hostRows(
      rows(this.#reader, source, () => true, this.#rejected),
      (line) => done.has(line)
    )
  }

  #read(batch: Batch, sent: ReadonlyArray<HostRow>) {
    const { input, schema } = this.#options
    const job = this.#job
    return Effect.gen({ self: this }, function* () {
      let surplus = noSurplus
      let unanswered = 0
      const isPending = ({ line }: { readonly line: number }) => !job.done.has(line)
      const outcomes = this.#host.results<A, RD, Failure, never>(batch, sent, {
        schema,
        model: this.#record?.model,
        submission: this.#record?.submission.id,
        isWanted: isPending,
        requestsOf: (wanted) => requestsOf(this.#reader, input, wanted),
        onSurplus: (found) => (surplus = { ...found }),
        // Recorded first: what is entered twice would be counted twice.
        onRead: () => {
          const record = this.#record
          if (record === undefined || record.isAccounted) return Effect.succeed(false)
          return Effect.as(this.#write({ ...record, isAccounted: true }), true)
        }
      })
      const write = (outcome: BatchResponse<A>): Effect.Effect<void, JournalStoreError> => {
        if (outcome.attempts > 0) return job.append(encodeLine(outcome, schema !== undefined))
        unanswered += 1
        return Effect.void
      }
      yield* Stream.runForEach(outcomes, write)
      return { surplus, unanswered }
    })
  }
}

const isAtHost = ({ submission }: hostRecord.HostRecord): InvalidRequestError =>
  new InvalidRequestError({
    message: `A batch of this job is at the host${submission.batchId === undefined ? "" : `, ${submission.batchId}`}: continue it with the mode host, or cancel it and collect it first`,
    parameter: "mode"
  })

/** Rows that name no model have the same one in both places. */
const withModel =
  (model: string | undefined) =>
  <A, E, R>(effect: Effect.Effect<A, E, R | KimiClient>): Effect.Effect<A, E, R | KimiClient> =>
    model === undefined
      ? effect
      : Effect.updateService(effect, KimiClient, (client) => ({
          ...client,
          chat: (request) => client.chat(request.model === undefined ? { ...request, model } : request)
        }))

const local = <A, RD, RP>(options: Options<A, RD, RP>, choice: BatchMode.Choice | undefined) =>
  Effect.map(withModel(options.model)(BatchJob.run<A, RD, RP>(options)), (result): HostBatchJob.JobResult => ({
    ...result,
    mode: "local",
    choice,
    batch: undefined,
    unanswered: 0,
    surplus: noSurplus
  }))

const nothingToRun = (job: Job): HostBatchJob.JobResult => ({
  ...job.status(),
  rejected: job.rejected(),
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
  { onEvent = () => Effect.void, order }: Options<A, RD, RP>,
  prepared: PreparedBatch
): Effect.Effect<void, InvalidRequestError, RP> => {
  if (order === "input") {
    const message = "The host has no order: use the order completion, or the mode local"
    return Effect.fail(new InvalidRequestError({ message, parameter: "order" }))
  }
  const { content, cost, rows } = prepared
  return Effect.asVoid(onEvent({ _tag: "Checked", rows: rows.length, bytes: content.size, cost: cost.host }))
}

/** At the host, or the choice of this program, which runs the job when its files are closed. */
const atHost = <A, RD, RP>(options: Options<A, RD, RP>, record: hostRecord.HostRecord | undefined) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { input, mode = "auto", onEvent = () => Effect.void, output, rerun } = options
      const host = yield* HostBatch
      const reader = yield* readerOf(options)
      const job = yield* open({ input, output, order: undefined, rerun })
      const run = new HostJob(options, host, job, reader, record)
      if (record?.submission.batchId !== undefined) {
        return yield* run.collect(record.submission.batchId, undefined, undefined)
      }
      const found = Option.getOrUndefined(yield* run.prepare())
      if (found === undefined) return yield* Effect.as(job.finish(true), nothingToRun(job))
      if (record !== undefined) {
        const prepared = yield* Effect.fromResult(found)
        const { id } = yield* run.submit(prepared, Duration.hours(record.completionWindow), record.submission)
        return yield* run.collect(id, prepared.rows, undefined)
      }
      const choice = run.choose(found)
      if (mode === "auto") {
        yield* onEvent({ _tag: "Chosen", choice })
        if (choice.mode === "local") return choice
      }
      const prepared = yield* Effect.fromResult(found)
      yield* checked(options, prepared)
      const { id } = yield* run.submit(prepared, choice.completionWindow, undefined)
      const asked = { ...choice, mode: "host" as const, reason: "The mode host is set" }
      return yield* run.collect(id, prepared.rows, mode === "auto" ? choice : asked)
    })
  )

export const runHostJob = <A, RD, RP>(
  options: Options<A, RD, RP>
): Effect.Effect<HostBatchJob.JobResult, Failure, HostBatch | KimiClient | RD | RP> =>
  Effect.gen(function* () {
    yield* OptionRules.check("HostBatchJob", rulesOf(options as never))
    const record = Option.getOrUndefined(yield* hostRecord.read(options.output))
    const begun = record?.state === "open" ? record : undefined
    if (options.mode === "local") return yield* begun === undefined ? local(options, undefined) : isAtHost(begun)
    const result = yield* CallOptions.provide({ job: options.job })(atHost(options, begun))
    return "answered" in result ? result : yield* local(options, result)
  })
