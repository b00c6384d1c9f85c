/** Files that the user has named, and that a command reads. */
import { meanings } from "@kimi-effect/client/internal/FileFailure"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as PlatformError from "effect/PlatformError"
import { CommandError } from "./commandError.ts"
import { reasonOf } from "./fileReason.ts"

/** The failure of every command whose file cannot be read. */
export const unreadable = (
  path: string,
  reason: string,
  hint: string = "Check the path and its permissions."
): CommandError => new CommandError(`${path} cannot be read: ${reason}`, hint)

const failure =
  (path: string) =>
  ({ reason }: PlatformError.PlatformError): CommandError =>
    unreadable(path, reasonOf(reason))

/** Fails if a file cannot be read. A pipe is not opened, since what is in it can be read once. */
export const check = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  const { type } = yield* Effect.mapError(fs.stat(path), failure(path))
  if (type === "Directory") return yield* Effect.fail(unreadable(path, meanings.EISDIR))
  yield* Effect.mapError(fs.access(path, { readable: true }), failure(path))
})

/** Fails for the first file that cannot be read. */
export const checkAll = (paths: ReadonlyArray<string>) => Effect.forEach(paths, check, { discard: true })

const typeOf = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.mapError(fs.stat(path), failure(path))).pipe(
    Effect.map(({ type }) => type)
  )

const kinds: { readonly [type: string]: string } = { FIFO: "it is a pipe", Socket: "it is a socket" }

/** Fails for a file whose rows cannot be read, and for a pipe or a socket, which has no places to read from. */
export const checkRows = Effect.fnUntraced(function* (path: string) {
  yield* check(path)
  const kind = kinds[yield* typeOf(path)]
  if (kind === undefined) return
  return yield* Effect.fail(unreadable(path, kind, "Pass its content as standard input, with - in place of its path."))
})

/** Fails for a file that cannot be read, and for one without a size: a pipe, a socket or a device. */
export const checkFile = Effect.fnUntraced(function* (path: string) {
  yield* check(path)
  const type = yield* typeOf(path)
  if (type === "File") return
  return yield* Effect.fail(unreadable(path, kinds[type] ?? "it is a device", "Write it to a file, and pass that one."))
})

/** Fails for a file that cannot be read, and for a pipe, for a file that is read more than once. */
export const checkRepeatable = Effect.fnUntraced(function* (path: string) {
  yield* check(path)
  if ((yield* typeOf(path)) === "FIFO")
    return yield* Effect.fail(unreadable(path, "it is a pipe, which cannot be read twice"))
})

/** The text of a file. */
export const read = (path: string): Effect.Effect<string, CommandError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.mapError(fs.readFileString(path), failure(path)))
