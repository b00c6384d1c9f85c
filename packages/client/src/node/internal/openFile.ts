/** Opens a local file. It is loaded by the first one. */
import { openAsBlob } from "node:fs"
import { stat } from "node:fs/promises"
import { basename } from "node:path"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as FileFailure from "./FileFailure.ts"

const unreadable = (path: string, reason: string): InvalidRequestError =>
  new InvalidRequestError({ message: `The file ${JSON.stringify(path)} cannot be read: ${reason}`, parameter: "path" })

const failure =
  (path: string) =>
  (cause: unknown): InvalidRequestError =>
    unreadable(path, FileFailure.reasonOf(cause))

export const open = Effect.fnUntraced(function* (path: string): Effect.fn.Return<File, InvalidRequestError> {
  const stats = yield* Effect.tryPromise({ try: () => stat(path), catch: failure(path) })
  // Reading a pipe or a device might not end.
  if (!stats.isFile()) return yield* unreadable(path, "it is not a regular file")
  const blob = yield* Effect.tryPromise({ try: () => openAsBlob(path), catch: failure(path) })
  return new File([blob], basename(path))
})
