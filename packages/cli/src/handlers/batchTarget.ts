/** The batch that a command names: that of a job, or one by its id. */
import { existsSync } from "node:fs"
import type { Batch } from "@kimi-effect/core/Batch"
import { counted } from "@kimi-effect/core/internal/Counted"
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as HostBatchJob from "@kimi-effect/client/node/HostBatchJob"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { HintedError } from "../hintedError.ts"
import * as InputFile from "../inputFile.ts"
import type { BatchAtHost } from "../schemas/batch.ts"
import { shellPath } from "../shellWord.ts"
import { sentence } from "./batchText.ts"

/** Whether a job has a record, which names what is wrong with its output. */
const hasAnyRecord = (output: string): boolean =>
  [".host.json", ".job.json"].some((suffix) => existsSync(`${output}${suffix}`))

/** An id has no suffix and no folder, and neither a file nor a job has its name. */
export const isBatchId = (target: string): boolean =>
  !/[\\/.]/.test(target) && !existsSync(target) && !hasAnyRecord(target)

/** A batch that is named by its id has no job whose rows could be sent again. */
export const byId = <A, E extends KimiError, R>(batch: Effect.Effect<A, E, R>): Effect.Effect<A, E | HintedError, R> =>
  Effect.mapError(batch, (error) =>
    error._tag === "BatchNotFoundError"
      ? new HintedError(
          error,
          "Check the id and the key: kimi batch list shows the batches of the account of this key."
        )
      : error
  )

/** A job that has never been at the host is continued by the command that has started it. */
export const atHost = <A, E extends KimiError, R>(
  output: string,
  batch: Effect.Effect<A, E, R>
): Effect.Effect<A, E | HintedError, R> =>
  Effect.mapError(batch, (error) =>
    error._tag === "InvalidRequestError" && !existsSync(`${output}.host.json`)
      ? new HintedError(
          error,
          `Check the path of the output, or continue the job, with its input and the flags that it was started with, with: kimi batch run INPUT ${shellPath(output)}`
        )
      : error
  )

/** What is known of a batch without the host, which has no model of it, and counts no rows before it has read them. */
export interface Known {
  readonly model: string | null
  readonly rows: number | null
}

export const fromBatch = (batch: Batch, { model, rows }: Known = { model: null, rows: null }): BatchAtHost => ({
  batchId: batch.id,
  status: batch.status,
  model,
  rows: batch.request_counts?.total || rows,
  completed: batch.request_counts?.completed ?? null,
  failed: batch.request_counts?.failed ?? null
})

export const hostLine = ({ batchId, completed, failed, rows, status }: BatchAtHost): string =>
  sentence([
    `Batch ${batchId ?? "not created yet"}`,
    status ?? "",
    rows === null ? "" : counted(rows, "row"),
    completed === null ? "" : `${completed} answered`,
    failed === null ? "" : `${failed} failed`
  ])

export const ofHost = (status: HostBatchJob.HostStatus): BatchAtHost => ({
  batchId: status.batchId ?? null,
  status: status.status ?? null,
  model: status.model,
  rows: status.rows,
  completed: status.completed ?? null,
  failed: status.failed ?? null
})

/** What the record of a job has of a batch. */
export const recorded = (output: string, { id }: Batch): Effect.Effect<Known | undefined> =>
  HostBatchJob.status(output).pipe(
    Effect.map(Option.filter(({ batchId }) => batchId === id)),
    Effect.map(Option.getOrUndefined),
    Effect.orElseSucceed(() => undefined)
  )

export const recordOf = (output: string): string => `${output}.job.json`

/** Whether there is a record of the job, which may be damaged. */
export const hasRecord = (output: string): boolean => existsSync(recordOf(output))

export const checkJob = (output: string) => (hasAnyRecord(output) ? Effect.void : InputFile.check(output))
