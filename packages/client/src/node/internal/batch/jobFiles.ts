/** The files of a job, and the failures of those that cannot be used. */
import { type Stats, statSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as FileFailure from "../FileFailure.ts"
import { ChangedFileError } from "./output/Appender.ts"
import { NewFile } from "./output/NewFile.ts"
import type { Temporary } from "./output/temporaryFile.ts"

/**
 * The file that the system names, so that its path can be corrected. It names none when it
 * writes to an open one: the disk of the output is meant then.
 */
const subjectOf = (cause: unknown, output: string): string => {
  const path = cause instanceof Error && "path" in cause && typeof cause.path === "string" ? cause.path : undefined
  if (path !== undefined) return `The file ${JSON.stringify(path)} of the batch job`
  return `A file of the batch job with the output ${JSON.stringify(output)}`
}

const reasonOf = (cause: unknown): string =>
  cause instanceof FileFailure.UnusablePathError
    ? cause.message
    : FileFailure.describe(FileFailure.codeOf(cause) ?? "unknown error")

export const storeFailure = (operation: string, cause: unknown, output: string): JournalStoreError =>
  new JournalStoreError({
    message: `${subjectOf(cause, output)} cannot be used: ${reasonOf(cause)}`,
    store: "file",
    operation,
    ...(cause instanceof ChangedFileError ? { fix: cause.fix } : {})
  })

export const attempt = <A>(operation: string, run: () => A, output: string): Effect.Effect<A, JournalStoreError> =>
  Effect.try({ try: run, catch: (cause) => storeFailure(operation, cause, output) })

/** A file that appears under its name when it is complete, and is removed with the scope if it is not. */
export const newFile = (path: string, temporaryFor?: (path: string) => Temporary) =>
  Effect.acquireRelease(
    attempt("open", () => new NewFile(path, temporaryFor), path),
    (file) => Effect.sync(() => file.close())
  )

/** What is at a path, or the code of the system. */
const found = (path: string): Stats | string => {
  try {
    return statSync(path)
  } catch (error) {
    return FileFailure.codeOf(error) ?? "unknown error"
  }
}

const openFiles = /^\/(?:dev\/(?:std(?:in|out|err)$|fd\/)|proc\/(?:self|\d+)\/fd\/)/

/** Whether a path is that of a file which a process has open: other text may go to its standard output. */
export const isOpenFile = (path: string): boolean => openFiles.test(resolve(path))

/** Why a path is not that of an output, whether there is one or not. */
const wrongPath = (output: string): { readonly message: string; readonly fix: string } | undefined => {
  const name = JSON.stringify(output)
  const file = found(output)
  if (typeof file !== "string") {
    if (file.isFile() && !isOpenFile(output)) return undefined
    const kind = file.isDirectory() ? "a folder" : "a device, a pipe or a socket"
    return { message: `The output ${name} is ${kind}: choose a file`, fix: "Choose a file as the output." }
  }
  const missing = file === "ENOENT" ? found(dirname(output)) : file
  // Others, such as a folder without permission, are named when the files are opened.
  return missing === "ENOENT" || missing === "ENOTDIR"
    ? {
        message: `The output ${name} is in a folder that cannot be used: ${FileFailure.describe(missing)}`,
        fix: "Check the path of the output, or create its folder."
      }
    : undefined
}

/**
 * Devices, pipes and sockets do not return what was written, so a job could not be
 * continued, and a replaced output would replace the device. A folder, and a path without
 * one, are refused with them: the path is wrong, and nothing is wrong with the disk.
 */
export const checkFile = (output: string): Effect.Effect<void, InvalidRequestError> =>
  Effect.suspend(() => {
    const wrong = wrongPath(output)
    return wrong === undefined ? Effect.void : Effect.fail(new InvalidRequestError({ ...wrong, parameter: "output" }))
  })
