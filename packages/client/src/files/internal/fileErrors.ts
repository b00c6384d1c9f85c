/** Maps the errors of requests to those of files. */
import { FileLimitError, FileNotFoundError } from "@kimi-effect/core/FileErrors"
import type {
  FileError,
  FileListError,
  FileUploadError,
  HostApiError,
  HostRequestError
} from "@kimi-effect/core/OperationErrors"
import type { RequestTooLargeError, UnsupportedMediaError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import { withoutModelErrors } from "../../internal/modelErrors.ts"

/** The errors of a request for a list. */
export const ofList: <A>(call: Effect.Effect<A, HostRequestError>) => Effect.Effect<A, FileListError> =
  withoutModelErrors

/** What an error of a host contains about its response. */
const responseMembers = (error: HostRequestError) => {
  const { message, provider, requestId, status, traceId } = error
  return {
    message,
    ...(provider === undefined ? {} : { provider }),
    ...(status === undefined ? {} : { status }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(traceId === undefined ? {} : { traceId })
  }
}

/** The errors of a request for one file: its id is the only part of the path that can be missing. */
export const ofFile =
  (fileId: string) =>
  <A>(call: Effect.Effect<A, HostRequestError>): Effect.Effect<A, HostApiError | FileNotFoundError> =>
    Effect.catch(call, (error): Effect.Effect<never, HostApiError | FileNotFoundError> =>
      error.status === 404
        ? Effect.fail(
            new FileNotFoundError({ ...responseMembers(error), message: "The host has no file with this id", fileId })
          )
        : withoutModelErrors(Effect.fail(error))
    )

/** Moonshot's text for an account with too many files. */
const fileCount = /number of files you have uploaded exceeded the max file count\s*(\d{1,9})?/i

/** Errors about media and size are about the file itself. */
const isAboutContent = (error: HostRequestError): error is RequestTooLargeError | UnsupportedMediaError =>
  error._tag === "RequestTooLargeError" || error._tag === "UnsupportedMediaError"

const toUploadError = (error: HostRequestError): Effect.Effect<never, FileUploadError> => {
  const [isFull, limit] = fileCount.exec(error.message) ?? []
  if (isFull !== undefined) {
    const members = responseMembers(error)
    return Effect.fail(new FileLimitError(limit === undefined ? members : { ...members, limit: Number(limit) }))
  }
  return isAboutContent(error) ? Effect.fail(error) : withoutModelErrors(Effect.fail(error))
}

/** The errors of an upload. */
export const ofUpload = <A>(call: Effect.Effect<A, HostRequestError>): Effect.Effect<A, FileUploadError> =>
  Effect.catch(call, toUploadError)

/** The errors of the content of a file, while it is read. */
export const ofContent = (fileId: string, error: HostRequestError): Effect.Effect<never, FileError> =>
  ofFile(fileId)(Effect.fail(error))
