/**
 * Files at the host, with content from local files.
 *
 * @since 0.1.0
 */
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as Effect from "effect/Effect"

export * from "../files/Files.ts"

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
export const open = (path: string): Effect.Effect<File, InvalidRequestError> =>
  Effect.flatMap(
    loadModule(() => import("./internal/openFile.ts")),
    ({ open }) => open(path)
  )
