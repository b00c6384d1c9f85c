/** The batch that a command names: that of a job, or one by its id. */
import { existsSync } from "node:fs"
import type { Batch } from "@kimi-effect/core/Batch"
import type { KimiError } from "@kimi-effect/core/KimiError"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import type * as HostBatchJob from "@kimi-effect/client/node/HostBatchJob"
import * as Effect from "effect/Effect"
import * as InputFile from "../inputFile.ts"
import type { BatchAtHost } from "../schemas/batch.ts"
import { sentence } from "./batchText.ts"

/** An id has no suffix and no folder, and no file has its name. */
export const isBatchId = (target: string): boolean => !/[\\/.]/.test(target) && !existsSync(target)

export const fromBatch = (batch: Batch): BatchAtHost => ({
  batchId: batch.id,
  status: batch.status,
  model: null,
  rows: batch.request_counts?.total ?? 0,
  completed: batch.request_counts?.completed ?? null,
  failed: batch.request_counts?.failed ?? null
})

export const hostLine = ({ batchId, completed, failed, rows, status }: BatchAtHost): string =>
  sentence([
    `Batch ${batchId ?? "not created yet"}`,
    status ?? "",
    rows === 0 ? "" : `${rows} rows`,
    completed === null ? "" : `${completed} answered`,
    failed === null ? "" : `${failed} failed`
  ])

export const ofHost = (status: HostBatchJob.HostStatus): BatchAtHost => ({
  batchId: status.batchId ?? null,
  status: status.status ?? null,
  model: status.model,
  rows: status.rows,
  completed: null,
  failed: null
})

/** A job has the file of its answers, or one of its records, which name what is wrong without it. */
export const checkJob = (output: string) =>
  [".host.json", ".job.json"].some((suffix) => existsSync(`${output}${suffix}`)) ? Effect.void : InputFile.check(output)

const isOtherFile = (error: KimiError): error is InvalidRequestError =>
  error._tag === "InvalidRequestError" && error.message.includes("is not that of a batch job")

/** Reads the output of a job. Another file stays as it is, so that there is no need to choose another output. */
export const reading = <A, E extends KimiError, R>(
  output: string,
  read: Effect.Effect<A, E, R>
): Effect.Effect<A, E | InvalidRequestError, R> =>
  Effect.mapError(read, (error) =>
    isOtherFile(error)
      ? new InvalidRequestError({
          message: `The file ${JSON.stringify(output)} is not the output of a batch job`,
          parameter: "output",
          fix: "Check the path: it is that of the answers of kimi batch run."
        })
      : error
  )
