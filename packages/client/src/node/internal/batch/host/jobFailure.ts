/** Failures of a batch at the host in the words of its job: with the path of the output, which the calls in hints need. */
import { TotalTimeoutError } from "@kimi-effect/core/TimeoutErrors"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import type { JobError } from "../../../HostBatchJob.ts"
import * as hostRecord from "./hostRecord.ts"

/** The call that collects a batch which has not ended in time. */
export const ofFollow =
  (call: string) =>
  <E>(error: E): E | TotalTimeoutError => {
    if (!(error instanceof TotalTimeoutError) || error.batchId === undefined) return error
    const { batchId, message, timeout } = error
    return new TotalTimeoutError({
      message,
      timeout,
      batchId,
      ...(error.provider === undefined ? {} : { provider: error.provider }),
      fix: `Collect it later with ${call}, or raise the option timeout.`
    })
  }

/** A file of results that the host does not have any more cannot be read by any later run either. */
export const ofResults =
  (output: string, batchId: string) =>
  (error: JobError): JobError =>
    error._tag === "FileNotFoundError"
      ? new InvalidRequestError({
          message: `The results of the batch ${batchId} are lost: the host does not have their file ${error.fileId} any more`,
          parameter: "output",
          fix: `Check that the file was not deleted by mistake. ${hostRecord.call("abandon", output)} forgets the batch: the next run sends the rows without a line again, which are paid twice.`
        })
      : error
