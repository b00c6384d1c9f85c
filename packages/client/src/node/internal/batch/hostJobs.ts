/** What `HostBatchJob` does with the record of a job. It is loaded by the first of them. */
import type { Batch } from "@kimi-effect/core/Batch"
import type { BatchJobLockedError } from "@kimi-effect/core/BatchErrors"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { BatchIdError } from "../../../batch/BatchApi.ts"
import { HostBatch } from "../../../batch/internal/host/HostBatchService.ts"
import type { KimiClient } from "../../../KimiClient.ts"
import type * as BatchJob from "../../BatchJob.ts"
import type { HostStatus, JobError, JobResult, Options } from "../../HostBatchJob.ts"
import * as hostRecord from "./hostRecord.ts"
import { lock } from "./openJob.ts"
import { runHostJob } from "./runHostJob.ts"

export { collectBatch as collect } from "./collectBatch.ts"
export { runHostJob as run } from "./runHostJob.ts"

const toStatus = ({ model, rows, state, status, submission }: hostRecord.HostRecord): HostStatus => ({
  batchId: submission.batchId,
  model,
  rows,
  status,
  state
})

export const status = (output: string): Effect.Effect<Option.Option<HostStatus>, JournalStoreError> =>
  Effect.map(hostRecord.read(output), Option.map(toStatus))

const noBatch = (message: string): InvalidRequestError => new InvalidRequestError({ message, parameter: "output" })

export const resume = <RP = never>(
  output: string,
  options: Omit<Options<string, never, RP>, "format" | "input" | "output" | "prompts" | "separator"> = {}
): Effect.Effect<JobResult, JobError, HostBatch | KimiClient | RP> =>
  Effect.flatMap(hostRecord.read(output), (record) => {
    const input = Option.getOrUndefined(record)?.input
    if (input === undefined) {
      return Effect.fail(
        noBatch("The host runs nothing of this job that can be continued without its options: run it again with them")
      )
    }
    const { format, path, prompts, separator } = input
    return runHostJob<string, never, RP>(
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

export const cancel = (
  output: string
): Effect.Effect<Batch, BatchIdError | InvalidRequestError | JournalStoreError, HostBatch> =>
  Effect.gen(function* () {
    const record = Option.getOrUndefined(yield* hostRecord.read(output))
    const id = record?.state === "open" ? record.submission.batchId : undefined
    if (id === undefined) return yield* noBatch("The host runs no batch of this job")
    const host = yield* HostBatch
    return yield* host.cancel(id)
  })

export const forget = (
  output: string
): Effect.Effect<Option.Option<HostStatus>, BatchJobLockedError | JournalStoreError> =>
  Effect.scoped(
    Effect.gen(function* () {
      // Before the lock, which is a file next to the output.
      if (Option.isNone(yield* hostRecord.read(output))) return Option.none()
      yield* lock(output)
      const record = Option.filter(yield* hostRecord.read(output), ({ state }) => state === "open")
      if (Option.isSome(record)) yield* hostRecord.restore(output, undefined)
      return Option.map(record, toStatus)
    })
  )
