/** What `HostBatchJob` does with the record of a job. It is loaded by the first of them. */
import type { Batch } from "@kimi-effect/core/Batch"
import type { BatchJobLockedError } from "@kimi-effect/core/BatchErrors"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import type { IdleTimeoutError } from "@kimi-effect/core/TimeoutErrors"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type BatchIdError, isFinal } from "../../../../batch/BatchApi.ts"
import type { Submission } from "../../../../batch/HostBatch.ts"
import { HostBatch } from "../../../../batch/internal/host/HostBatchService.ts"
import type { KimiClient } from "../../../../KimiClient.ts"
import type * as BatchJob from "../../../BatchJob.ts"
import type { HostStatus, JobError, JobResult, ResumeOptions } from "../../../HostBatchJob.ts"
import * as hostRecord from "./hostRecord.ts"
import { lock } from "../openJob.ts"
import { runHostJob } from "./runHostJob.ts"

export { collectBatch as collect } from "./collectBatch.ts"
export { followed } from "../followed.ts"
export { runHostJob as run } from "./runHostJob.ts"

const toStatus = ({ counts, model, rows, state, status, submission }: hostRecord.HostRecord): HostStatus => ({
  batchId: submission.batchId,
  model,
  rows,
  status,
  state,
  ...counts
})

export const status = (output: string): Effect.Effect<Option.Option<HostStatus>, JournalStoreError> =>
  Effect.map(hostRecord.readAlone(output), Option.map(toStatus))

const noBatch = (message: string, fix: string): InvalidRequestError =>
  new InvalidRequestError({ message, parameter: "output", fix })

export const resume = <A = string, RD = never, RP = never>(
  output: string,
  options: ResumeOptions<A, RD, RP> = {}
): Effect.Effect<JobResult, JobError, HostBatch | KimiClient | RD | RP> =>
  Effect.flatMap(hostRecord.readAlone(output), (record) => {
    const input = Option.getOrUndefined(record)?.input
    if (input === undefined) {
      return Effect.fail(
        noBatch(
          "The host runs nothing of this job that can be continued without its options: run it again with them",
          "Check the path of the output, or run the job with its input and its options."
        )
      )
    }
    const { format, hasSchema, path, prompts, separator } = input
    if (hasSchema === true && options.schema === undefined) {
      return Effect.fail(
        noBatch(
          "The job was started with a schema, which its record does not have",
          "Run the job again with its input and its options, or give its schema to HostBatchJob.resume."
        )
      )
    }
    return runHostJob<A, RD, RP>(
      {
        mode: "host",
        ...options,
        input: path,
        output,
        format,
        separator,
        prompts: prompts as BatchJob.Prompts | undefined
      },
      true
    )
  })

const openRecord = (output: string) =>
  Effect.map(
    hostRecord.readAlone(output),
    Option.filter(({ state }) => state === "open")
  )

/** Another process that follows the batch records its state itself. */
const recordStatus = (output: string, batch: Batch): Effect.Effect<void, JournalStoreError> =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* lock(output)
      const record = yield* openRecord(output)
      if (Option.isSome(record) && record.value.submission.batchId === batch.id) {
        yield* hostRecord.write(output, hostRecord.reported(record.value, batch))
      }
    })
  ).pipe(Effect.catchTag("BatchJobLockedError", () => Effect.void))

const notCreated = (output: string): InvalidRequestError =>
  new InvalidRequestError({
    message: "Whether the host has a batch of this job is not known: a program has begun to send it",
    parameter: "output",
    fix: `Continue it with ${hostRecord.call("resume", output)}, which finds the batch if there is one. If the host refuses it permanently, ${hostRecord.call("abandon", output)} forgets it: rows that the host runs nevertheless are then paid twice.`
  })

const hasEnded = (output: string, { id, status }: Batch): InvalidRequestError =>
  noBatch(
    `The batch ${id} of this job is ${status}: nothing is left to cancel`,
    `Collect it with ${hostRecord.call("resume", output)}.`
  )

/** The host refuses to cancel a batch that has ended. */
const cancelBatch = (
  output: string,
  id: string
): Effect.Effect<Batch, BatchIdError | InvalidRequestError | JournalStoreError, HostBatch> =>
  Effect.flatMap(HostBatch, (host) =>
    Effect.catchTag(host.cancel(id), "InvalidRequestError", (error) =>
      Effect.flatMap(Effect.option(host.get(id)), (found) =>
        Option.isSome(found) && isFinal(found.value)
          ? Effect.andThen(recordStatus(output, found.value), Effect.fail(hasEnded(output, found.value)))
          : Effect.fail(error)
      )
    )
  )

export const cancel = (
  output: string
): Effect.Effect<Batch, BatchIdError | InvalidRequestError | JournalStoreError, HostBatch> =>
  Effect.gen(function* () {
    const record = Option.getOrUndefined(yield* openRecord(output))
    if (record === undefined) {
      return yield* noBatch(
        "The host runs no batch of this job",
        "Check the path of the output: nothing is left to cancel."
      )
    }
    const id = record.submission.batchId
    if (id === undefined) return yield* notCreated(output)
    const batch = yield* cancelBatch(output, id)
    yield* recordStatus(output, batch)
    return batch
  })

/** Whether a batch has results, or will have some. */
const hasResults = (batch: Batch): boolean => {
  const { error_file_id = "", output_file_id = "", request_counts: counts } = batch
  if (!isFinal(batch) || error_file_id !== "" || output_file_id !== "") return true
  return counts !== undefined && counts.completed + counts.failed > 0
}

const stillThere = (output: string, batch: Batch): InvalidRequestError => {
  const { id, status } = batch
  const rest = isFinal(batch)
    ? `If its results stay incomplete, ${hostRecord.call("abandon", output)} forgets it, and the next run sends only the rows without a line.`
    : `To end it before, cancel it with ${hostRecord.call("cancel", output)}.`
  return new InvalidRequestError({
    message: `The host has the batch ${id} of this job, which is ${status}: its rows would be paid twice`,
    parameter: "output",
    fix: `Collect it with ${hostRecord.call("resume", output)}. ${rest}`
  })
}

/** A key of another account, and another base URL, find no batch either. */
const notOfAccount = (output: string, { batchId, fileId }: Submission): InvalidRequestError =>
  new InvalidRequestError({
    message: `The host knows neither the batch ${batchId} of this job${fileId === undefined ? "" : ` nor its file ${fileId}`} with this key and base URL: they are probably of another account`,
    parameter: "output",
    fix: `Use the key and the base URL with which the batch was sent. If the host has lost it nevertheless, ${hostRecord.call("abandon", output)} forgets it without asking: rows that the host runs are then paid twice.`
  })

/** Asks the host for the batch. Fails if rows of it would be paid twice when they are sent again. */
const checkForgotten = (
  output: string,
  { submission }: hostRecord.HostRecord
): Effect.Effect<void, BatchIdError | IdleTimeoutError | InvalidRequestError, HostBatch> =>
  Effect.gen(function* () {
    if (submission.batchId === undefined) return yield* notCreated(output)
    const host = yield* HostBatch
    const batch = yield* Effect.catchTag(host.get(submission.batchId), "BatchNotFoundError", () => Effect.undefined)
    if (batch === undefined) {
      // A host that has the file was asked with the right key.
      if (submission.fileId !== undefined && (yield* host.hasFile(submission.fileId))) return
      return yield* notOfAccount(output, submission)
    }
    if (hasResults(batch)) return yield* stillThere(output, batch)
    // Settles its money: it has used nothing, and has no file that could fail to be read.
    yield* Effect.ignore(Stream.runDrain(host.results(batch, [], { submission: submission.id })))
  })

/** What is known of an open batch, also if its record is lost or damaged. */
const openBatch = (output: string): Effect.Effect<Option.Option<HostStatus>, JournalStoreError> =>
  Effect.catch(Effect.map(openRecord(output), Option.map(toStatus)), (error) =>
    Effect.flatMap(hostRecord.findOpenBatch(output), (batch) => {
      if (batch === undefined) return Effect.fail(error)
      const { batchId, model, rows } = batch
      return Effect.map(hostRecord.openIds(output), (ids) => {
        const otherBatchId = ids.find((id) => id !== batchId)
        const other = otherBatchId === undefined ? {} : { otherBatchId }
        return Option.some<HostStatus>({ batchId, model, rows, status: undefined, state: "open", ...other })
      })
    })
  )

const forgetting = <A, E, R>(
  output: string,
  find: Effect.Effect<Option.Option<A>, JournalStoreError>,
  check: (found: A) => Effect.Effect<HostStatus, E, R>
): Effect.Effect<Option.Option<HostStatus>, BatchJobLockedError | JournalStoreError | E, R> =>
  Effect.scoped(
    Effect.gen(function* () {
      // Before the lock, which is a file next to the output.
      if (Option.isNone(yield* find)) return Option.none()
      yield* lock(output)
      const found = yield* find
      if (Option.isNone(found)) return Option.none()
      const forgotten = yield* check(found.value)
      yield* hostRecord.remove(output)
      return Option.some(forgotten)
    })
  )

export const forget = (
  output: string
): Effect.Effect<
  Option.Option<HostStatus>,
  BatchIdError | BatchJobLockedError | IdleTimeoutError | InvalidRequestError | JournalStoreError,
  HostBatch
> => forgetting(output, openRecord(output), (record) => Effect.as(checkForgotten(output, record), toStatus(record)))

export const abandon = (
  output: string
): Effect.Effect<Option.Option<HostStatus>, BatchJobLockedError | JournalStoreError> =>
  forgetting(output, openBatch(output), Effect.succeed)
