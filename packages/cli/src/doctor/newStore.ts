/**
 * Stores in files that do not exist yet. The first call creates them; their check
 * does so in a temporary folder, so that nothing is left.
 */
import { basename, dirname, join } from "node:path"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as Scope from "effect/Scope"
import { CommandError } from "../commandError.ts"
import { reasonOf } from "../fileReason.ts"

/** Why a path cannot be read is found by the check of its store. */
const exists = (path: string): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(path), () => true))

/** The folder that is there, in which folders and files of the path are created. */
const folderOf = (path: string): Effect.Effect<string, never, FileSystem.FileSystem> =>
  Effect.flatMap(exists(path), (isThere) =>
    isThere || dirname(path) === path ? Effect.succeed(path) : folderOf(dirname(path))
  )

/** Where a store in a folder creates its files, and marks the folder as its own. */
const isEmptyFolder = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.match(fs.readDirectory(path), { onFailure: () => false, onSuccess: (names) => names.length === 0 })
  )

/** Where a store has its data. */
export interface StorePlace {
  readonly path: string
  /** Of a store in one file, a folder at its path is in the way, also an empty one. */
  readonly kind: "file" | "folder"
}

/** A path at which the store is created for its check. None if there is something at its own path, which is then checked. */
export const trialPath = Effect.fnUntraced(function* ({
  kind,
  path
}: StorePlace): Effect.fn.Return<string | undefined, CommandError, FileSystem.FileSystem | Scope.Scope> {
  const fs = yield* FileSystem.FileSystem
  if (yield* exists(path)) {
    if (kind === "file" || !(yield* isEmptyFolder(path))) return undefined
  }
  const parent = yield* folderOf(path)
  const folder = yield* Effect.mapError(
    fs.makeTempDirectoryScoped({ directory: parent, prefix: ".kimi-doctor-" }),
    ({ reason }) =>
      new CommandError(`${path} cannot be created: ${reasonOf(reason, `the system allows no file in ${parent}`)}`, "")
  )
  // The name of a folder, which no file can have, stays one.
  return join(folder, basename(path), path.endsWith("/") ? "/" : "")
})
