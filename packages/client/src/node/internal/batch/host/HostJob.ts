/** A job whose rows the host runs: what is sent, what is recorded, and what is read. */
import { resolve } from "node:path"
import type { Batch } from "@kimi-effect/core/Batch"
import { InvalidBatchError, type InvalidBatchRowError } from "@kimi-effect/core/BatchErrors"
import { listener } from "@kimi-effect/core/internal/Listener"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as BatchMode from "../../../../batch/BatchMode.ts"
import type { BatchResponse } from "../../../../batch/BatchResponse.ts"
import type { HostBatch, HostRow, PreparedBatch, Submission, Surplus } from "../../../../batch/HostBatch.ts"
import { deleteFilesOf, stepEvent } from "../../../../batch/internal/host/collect.ts"
import { refusal } from "../../../../batch/internal/host/refusal.ts"
import type * as HostBatchJob from "../../../HostBatchJob.ts"
import { hostRows, requestsOf, rows } from "./hostInput.ts"
import * as hostRecord from "./hostRecord.ts"
import { AbandonCall } from "../../../../batch/internal/host/AbandonCall.ts"
import * as jobFailure from "./jobFailure.ts"
import * as inputChanged from "../inputChanged.ts"
import type { Reader } from "../input/inputRows.ts"
import * as lineBits from "../lineBits.ts"
import type { Job } from "../openJob.ts"
import { encodeLine, encodeReject } from "../output/outputLine.ts"

type Options<A, RD, RP> = HostBatchJob.Options<A, RD, RP>
type Failure = HostBatchJob.JobError
type Service = HostBatch["Service"]

export const noSurplus: Surplus = { malformed: 0, duplicates: 0, unknown: 0 }

/** A job that is open for one run. */
export class HostJob<A, RD, RP> {
  readonly #options: Options<A, RD, RP>
  readonly #host: Service
  readonly #job: Job
  readonly #reader: Reader
  readonly #last: hostRecord.HostRecord | undefined
  #record: hostRecord.HostRecord | undefined
  /** The lines of the open batch. Undefined if there is none, or if it was sent by an earlier version. */
  readonly #isSent: lineBits.HasLine | undefined
  /** Rows that are not done. */
  pending = 0
  /** Those of them that the open batch does not have: the next run sends them. */
  #unsent = 0
  /** Lines that are no rows, until it is known where the rows run: `BatchJob` reports them too. */
  #unreported: Array<InvalidBatchRowError> | undefined = []

  constructor(
    options: Options<A, RD, RP>,
    host: Service,
    job: Job,
    reader: Reader,
    last: hostRecord.HostRecord | undefined
  ) {
    this.#options = options
    this.#host = host
    this.#job = job
    this.#reader = reader
    this.#last = last
    this.#record = last?.state === "open" ? last : undefined
    this.#isSent = this.#record?.lines === undefined ? undefined : lineBits.decode(this.#record.lines)
    if (options.mode === "local" || options.mode === "host" || this.#record !== undefined) this.#unreported = undefined
  }

  readonly #rejected = (error: InvalidBatchRowError): Effect.Effect<unknown, JournalStoreError> =>
    Effect.andThen(
      this.#job.reject(encodeReject(error)),
      Effect.suspend(() => {
        if (this.#unreported === undefined) return listener(this.#options.onReject)(error)
        return Effect.succeed(this.#unreported.push(error))
      })
    )

  /** Reports the lines that are no rows, now that this run is the one that does. */
  readonly reportRejected: Effect.Effect<void> = Effect.suspend(() => {
    const errors = this.#unreported ?? []
    this.#unreported = undefined
    return Effect.forEach(errors, listener(this.#options.onReject), { discard: true })
  })

  #write(record: hostRecord.HostRecord): Effect.Effect<void, JournalStoreError> {
    this.#record = record
    return this.#replace(record, hostRecord.write(this.#options.output, record))
  }

  /** The record of the job names only a batch that has a record. */
  #replace(
    record: hostRecord.HostRecord | undefined,
    write: Effect.Effect<void, JournalStoreError>
  ): Effect.Effect<void, JournalStoreError> {
    const batch = record === undefined ? undefined : hostRecord.openBatchOf(record)
    const noted = this.#job.setBatch(batch)
    return batch === undefined ? Effect.andThen(noted, write) : Effect.andThen(write, noted)
  }

  /** The rows that are not done, and all of an open batch: of those, if it is known which ones they are. */
  #rowsOf(isWanted: (line: number) => boolean) {
    const { done, source } = this.#job
    const isSent = this.#isSent ?? (() => true)
    return rows(this.#reader, source, (line) => isWanted(line) || !done.has(line), this.#rejected).pipe(
      Stream.filter(({ line = 0 }) => {
        const isPending = !done.has(line)
        if (isPending) this.pending += 1
        if (isPending && !isSent(line)) this.#unsent += 1
        return isSent(line)
      })
    )
  }

  /** Checks the rows that are not done, or those of a batch that a process has begun to send. None if there are none. */
  prepare() {
    const { done } = this.#job
    const sent = this.#rowsOf(this.#isSent ?? (() => false))
    const prepared = this.#host.prepare(sent, { model: this.#options.model, keepRequests: false })
    const counted = Effect.tap(prepared, () =>
      Effect.sync(() => {
        const total = done.size + this.pending
        this.#job.countRows(() => total)
      })
    )
    return Effect.matchEffect(counted, {
      onSuccess: (batch) =>
        Effect.succeed(Option.some<Result.Result<PreparedBatch, InvalidBatchError>>(Result.succeed(batch))),
      onFailure: (error) =>
        error instanceof InvalidBatchError
          ? Effect.succeed(this.pending === 0 ? Option.none() : Option.some(Result.fail(error)))
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

  #newRecord(
    submission: Submission,
    prepared: PreparedBatch,
    window: Duration.Duration,
    lines: string | undefined
  ): hostRecord.HostRecord {
    const { format, input, prompts, schema, separator } = this.#options
    const hasSchema = schema === undefined ? undefined : true
    const isData = typeof prompts?.template !== "function"
    return {
      version: 1,
      submission,
      model: prepared.model,
      rows: prepared.rows.length,
      ...(lines === undefined ? {} : { lines }),
      completionWindow: Duration.toHours(window),
      isAccounted: false,
      state: "open",
      ...(isData ? { input: { path: resolve(input), format, separator, prompts, hasSchema } } : {})
    }
  }

  /** Sends the batch, or what is missing of one that a process has begun to send. */
  submit(prepared: PreparedBatch, window: Duration.Duration, continued: Submission | undefined) {
    const { input, metadata, output } = this.#options
    // The file of a submission that is continued may be there.
    const lines = continued === undefined ? lineBits.encode(prepared.rows.map(({ line }) => line)) : this.#record?.lines
    const onEvent = listener(this.#options.onEvent)
    const submitted = this.#host.submit<JournalStoreError, RP>(prepared, {
      completionWindow: window,
      metadata,
      continued,
      onStep: (submission) => {
        const event = stepEvent(submission)
        return Effect.andThen(
          this.#write(this.#newRecord(submission, prepared, window, lines)),
          event === undefined ? Effect.void : onEvent(event)
        )
      },
      onRefused: () => {
        const before = this.#last?.state === "ended" ? this.#last : undefined
        return this.#replace(before, hostRecord.restore(output, before))
      }
    })
    return Effect.andThen(
      inputChanged.checkUnsent(input, this.#job.source),
      Effect.provideService(submitted, AbandonCall, hostRecord.call("abandon", output))
    )
  }

  /** Waits for the batch, and writes a line for each row that it has run. */
  collect(
    batchId: string,
    sent: ReadonlyArray<HostRow> | undefined,
    choice: BatchMode.Choice | undefined
  ): Effect.Effect<HostBatchJob.JobResult, Failure, RD | RP> {
    const { deleteFiles = false, interval, maxInterval, timeout } = this.#options
    const onEvent = listener(this.#options.onEvent)
    const host = this.#host
    const job = this.#job
    return Effect.gen({ self: this }, function* () {
      const followed = host.follow(batchId, {
        interval,
        maxInterval,
        timeout,
        onState: (state) => onEvent({ _tag: "State", batch: state })
      })
      const batch = yield* Effect.mapError(
        followed,
        jobFailure.ofFollow(hostRecord.call("resume", this.#options.output))
      )
      // A batch that was refused has run nothing: its file has what is not done.
      const isRefused = refusal(batch) !== undefined
      const refused = isRefused ? refusal(batch, sent ?? (yield* this.#fileRows())) : undefined
      const resumed = job.done.size
      const read = yield* this.#read(batch, refused === undefined ? (sent ?? (yield* this.#rows())) : [])
      const { isSettled, surplus } = read
      const unanswered = read.unanswered + this.#unsent
      yield* job.finish(unanswered === 0 && refused === undefined)
      // Open, the results are read again by the next run, which settles their cost.
      const state = isSettled ? "ended" : "open"
      if (this.#record !== undefined) yield* this.#write({ ...hostRecord.reported(this.#record, batch), state })
      if (refused !== undefined) return yield* refused
      if (deleteFiles) yield* deleteFilesOf(host, batch, read)
      return {
        ...job.status(),
        rejected: job.rejected(),
        duplicateIds: 0,
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

  /** The rows of the batch: an earlier run may have written some of them. Where they are not known, all rows are read. */
  #rows() {
    const { done } = this.#job
    return hostRows(this.#rowsOf(this.#isSent ?? (() => true)), (line) => done.has(line))
  }

  /** The rows in the file of the batch. Where they are not known, those that are not done. */
  #fileRows() {
    const { done } = this.#job
    return Effect.map(this.#rows(), (all) => (this.#isSent ? all : all.filter(({ line }) => !done.has(line))))
  }

  #read(batch: Batch, sent: ReadonlyArray<HostRow>) {
    const { input, output, schema } = this.#options
    const job = this.#job
    return Effect.gen({ self: this }, function* () {
      let surplus = noSurplus
      let isSettled = true
      let unanswered = 0
      const isPending = ({ line }: { readonly line: number }) => !job.done.has(line)
      const outcomes = this.#host.results<A, RD, Failure, never>(batch, sent, {
        schema,
        model: this.#record?.model,
        submission: this.#record?.submission.id,
        isWanted: isPending,
        // A record of an earlier version does not have the lines of its batch: all rows are given.
        checkRows: false,
        requestsOf: (wanted) => requestsOf(this.#reader, input, wanted),
        onSettled: (found) => (isSettled = found),
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
      const named = outcomes.pipe(
        Stream.provideService(AbandonCall, hostRecord.call("abandon", output)),
        Stream.mapError(jobFailure.ofResults(output, batch.id))
      )
      yield* Stream.runForEach(named, write)
      return { isSettled, surplus, unanswered }
    })
  }
}
