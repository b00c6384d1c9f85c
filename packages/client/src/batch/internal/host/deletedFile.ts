/** The errors of files of a batch that were deleted: the batch itself is still known, and no upload brings them back. */
import type { Batch } from "@kimi-effect/core/Batch"
import { FileNotFoundError } from "@kimi-effect/core/FileErrors"
import type { FileError } from "@kimi-effect/core/OperationErrors"

const deleted = (error: FileNotFoundError, message: string, fix: string): FileNotFoundError => {
  const { fileId, provider, requestId, status, traceId } = error
  return new FileNotFoundError({
    message,
    fileId,
    fix,
    ...(provider === undefined ? {} : { provider }),
    ...(status === undefined ? {} : { status }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(traceId === undefined ? {} : { traceId })
  })
}

/** The failure of a read of the results. */
export const ofResults =
  ({ id }: Batch) =>
  (error: FileError): FileError =>
    error._tag === "FileNotFoundError"
      ? deleted(
          error,
          `The results of the batch ${id} were deleted at the host, which does not have their file ${error.fileId} any more`,
          "Use the outcomes that were collected before the deletion, such as one by the option deleteFiles. Without them, the rows must be sent in another batch, which are then paid twice."
        )
      : error

/** The failure of a read of the rows of a batch that has no results either. */
export const ofRows = ({ id }: Batch, error: FileNotFoundError): FileNotFoundError =>
  deleted(
    error,
    `The rows of the batch ${id} are not known: its input file was deleted at the host, and it has no results`,
    "Call HostBatch.resume with the option rows, which are then those of the batch."
  )
