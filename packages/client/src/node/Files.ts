/**
 * Files at the host, with content from local files.
 *
 * @since 0.1.0
 */
import { openAsBlob } from "node:fs"
import { stat } from "node:fs/promises"
import { basename } from "node:path"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as FileFailure from "./internal/FileFailure.ts"

export * from "../files/Files.ts"

const unreadable = (path: string, reason: string): InvalidRequestError =>
  new InvalidRequestError({ message: `The file ${JSON.stringify(path)} cannot be read: ${reason}`, parameter: "path" })

const failure =
  (path: string) =>
  (cause: unknown): InvalidRequestError =>
    unreadable(path, FileFailure.reasonOf(cause))

/**
 * Opens a local file as the content of an upload, without loading it. Its name
 * is the last part of the path. A file that changes before it is uploaded fails
 * the upload. Folders and devices fail with `InvalidRequestError`, as does a
 * file that does not exist.
 *
 * Never pass a path from a model or another user unless it is checked.
 *
 * @category constructors
 * @since 0.1.0
 */
export const open = Effect.fnUntraced(function* (path: string): Effect.fn.Return<File, InvalidRequestError> {
  const stats = yield* Effect.tryPromise({ try: () => stat(path), catch: failure(path) })
  // Reading a pipe or a device might not end.
  if (!stats.isFile()) return yield* unreadable(path, "it is not a regular file")
  const blob = yield* Effect.tryPromise({ try: () => openAsBlob(path), catch: failure(path) })
  return new File([blob], basename(path))
})
