/** The files of a job, and the failures of those that cannot be used. */
import { existsSync, statSync } from "node:fs"
import { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import * as Effect from "effect/Effect"
import * as FileFailure from "../FileFailure.ts"
import * as GzipOutput from "./GzipOutput.ts"
import type { OutputForm } from "./OutputForm.ts"
import * as PlainOutput from "./PlainOutput.ts"

export const formOf = (output: string): OutputForm => (output.endsWith(".gz") ? GzipOutput.form : PlainOutput.form)

/** The files that have rows. */
export const rowFiles = (output: string): ReadonlyArray<string> =>
  [output, GzipOutput.pendingOf(output)].filter((path) => existsSync(path) && statSync(path).size > 0)

/**
 * The file that the system names, so that its path can be corrected. It names none when it
 * writes to an open one: the disk of the output is meant then.
 */
const subjectOf = (cause: unknown, output: string | undefined): string => {
  const path = cause instanceof Error && "path" in cause && typeof cause.path === "string" ? cause.path : undefined
  if (path !== undefined) return `The file ${JSON.stringify(path)} of the batch job`
  return output === undefined
    ? "A file of the batch job"
    : `A file of the batch job with the output ${JSON.stringify(output)}`
}

const reasonOf = (cause: unknown): string =>
  cause instanceof FileFailure.UnusablePathError
    ? cause.message
    : FileFailure.describe(FileFailure.codeOf(cause) ?? "unknown error")

export const storeFailure = (operation: string, cause: unknown, output?: string): JournalStoreError =>
  new JournalStoreError({
    message: `${subjectOf(cause, output)} cannot be used: ${reasonOf(cause)}`,
    store: "file",
    operation
  })

export const attempt = <A>(operation: string, run: () => A, output?: string): Effect.Effect<A, JournalStoreError> =>
  Effect.try({ try: run, catch: (cause) => storeFailure(operation, cause, output) })
