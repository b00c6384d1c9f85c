/** Files that a command writes at its end. */
import { dirname, resolve } from "node:path"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as PlatformError from "effect/PlatformError"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { CommandError } from "./commandError.ts"
import { reasonOf } from "./fileReason.ts"

/** A file of a command, by the flag that names it. */
export interface OutputFile {
  readonly flag: string
  readonly path: string
}

const temporaryOf = ({ flag, path }: OutputFile): OutputFile => ({ flag, path: `${path}.tmp` })

/** Why a file cannot be written. */
export const failure =
  ({ flag, path }: OutputFile) =>
  ({ reason }: PlatformError.PlatformError): CommandError =>
    new CommandError(
      `${path} cannot be written: ${reasonOf(reason, "its folder does not exist")}`,
      `Name a file in a folder that exists and can be written to with ${flag}.`
    )

/** Creates a file in the folder and removes it, since permissions are not the only cause: a volume can be read-only. */
const checkFolder = Effect.fnUntraced(function* (file: OutputFile) {
  const fs = yield* FileSystem.FileSystem
  // Not the file itself: another process may write it at the same time.
  const suffix = yield* Random.nextIntBetween(0, 36 ** 8)
  const path = `${file.path}.${suffix.toString(36)}`
  yield* Effect.mapError(Effect.scoped(fs.open(path, { flag: "wx", mode: 0o600 })), failure(file))
  yield* Effect.ignore(fs.remove(path))
})

/** The file to which a symbolic link leads, also one that does not exist. */
const targetOf = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.readLink(path).pipe(
    Effect.flatMap((link) => Effect.orElseSucceed(fs.realPath(path), () => resolve(dirname(path), link))),
    Effect.orElseSucceed(() => path)
  )
})

/** Whether there is a file. Fails for one that cannot be written, whose contents stay. */
const checkExisting = (file: OutputFile) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    fs.stat(file.path).pipe(
      Effect.flatMap(() => Effect.scoped(fs.open(file.path, { flag: "r+" }))),
      Effect.as(true),
      Effect.catch((error) => (error.reason._tag === "NotFound" ? Effect.succeed(false) : Effect.fail(error))),
      Effect.mapError(failure(file))
    )
  )

/**
 * Fails if a file cannot be written, before the command pays for what it would
 * write. It is not created, and the contents of an existing file stay.
 */
export const check = Effect.fnUntraced(function* (file: OutputFile) {
  if (yield* checkExisting(file)) return
  yield* checkFolder({ flag: file.flag, path: yield* targetOf(file.path) })
})

/** The beginning of a page. */
const doctype = "<!doctype html"

const noPage = ({ flag, path }: OutputFile): CommandError =>
  new CommandError(`${path} is no HTML page, and would be replaced by one`, `Name another file with ${flag}.`)

/** Fails if a page cannot be written, and for an existing file that is no page: it was named by mistake. An empty one loses nothing. */
export const checkPage = Effect.fnUntraced(function* (file: OutputFile) {
  const fs = yield* FileSystem.FileSystem
  const found = yield* Effect.option(fs.stat(file.path))
  if (Option.isSome(found) && found.value.type === "File") {
    const head = yield* fs
      .stream(file.path, { bytesToRead: doctype.length })
      .pipe(Stream.decodeText(), Stream.mkString, Effect.mapError(failure(file)))
    if (head !== "" && head.toLowerCase() !== doctype) return yield* Effect.fail(noPage(file))
  }
  yield* check(file)
})

/** Writes a file whose readers may be others. */
export const write = (file: OutputFile, text: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.writeFileString(file.path, text)).pipe(
    Effect.mapError(failure(file))
  )

/** Replaces a file of its owner at once: a reader sees the earlier text or the new one. */
export const replace = Effect.fnUntraced(function* (file: OutputFile, text: string) {
  const fs = yield* FileSystem.FileSystem
  const temporary = temporaryOf(file).path
  yield* fs
    .writeFileString(temporary, text, { mode: 0o600 })
    .pipe(Effect.andThen(fs.rename(temporary, file.path)), Effect.mapError(failure(file)))
})

/** Fails for a device, a pipe or a socket, which would be replaced by a file. */
const checkRegular = ({ flag, path }: OutputFile) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.option(fs.stat(path))).pipe(
    Effect.flatMap((found) =>
      Option.isNone(found) || found.value.type === "File" || found.value.type === "Directory"
        ? Effect.void
        : Effect.fail(new CommandError(`${path} is a device, a pipe or a socket`, `Name a file with ${flag}.`))
    )
  )

/** The file that `replace` is to be given, to which a link leads. Fails if `replace` would: it needs a new file in the folder too. */
export const checkReplace = Effect.fnUntraced(function* (given: OutputFile) {
  yield* checkRegular(given)
  const file: OutputFile = { flag: given.flag, path: yield* targetOf(given.path) }
  yield* checkExisting(file)
  yield* checkExisting(temporaryOf(file))
  yield* checkFolder(file)
  return file
})
