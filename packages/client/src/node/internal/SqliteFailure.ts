/**
 * The meaning of a SQLite failure for the cache.
 *
 * @since 0.1.0
 */
import * as FileFailure from "./FileFailure.ts"
import { busyCodes, codeOf } from "./SqliteDatabase.ts"

/**
 * - `Busy`: another process is writing.
 * - `Full`: there is no room for the write.
 * - `Damaged`: the file is not a valid database.
 * - `Outdated`: the database is of another version of this library.
 * - `Other`: anything else.
 */
export interface SqliteFailure {
  readonly kind: "Busy" | "Full" | "Damaged" | "Outdated" | "Other"
  /** SQLite's own message, which contains no content. */
  readonly reason: string
}

/** Kinds by SQLite's codes. Our statements are valid, so constraint and schema errors mean that the file is damaged. */
const kinds: Readonly<Record<number, SqliteFailure["kind"]>> = {
  1: "Damaged",
  11: "Damaged",
  13: "Full",
  19: "Damaged",
  20: "Damaged",
  26: "Damaged"
}

/** A file that is unusable as it is. */
export class UnusableFileError extends Error {
  override readonly name = "UnusableFile"
  /** `Busy` is a file that another process is about to replace, `Other` the file of another application. */
  readonly kind: "Busy" | "Outdated" | "Other"

  constructor(kind: UnusableFileError["kind"], reason: string) {
    super(reason)
    this.kind = kind
  }
}

/** An error without SQLite's code. */
const fromOtherError = (error: Error): SqliteFailure =>
  // A number that our statements never write.
  "code" in error && error.code === "ERR_OUT_OF_RANGE"
    ? { kind: "Damaged", reason: "a number out of range" }
    : { kind: "Other", reason: error.name }

/** Classifies what a statement, or opening a file, has thrown. */
export const fromUnknown = (error: unknown): SqliteFailure => {
  if (!(error instanceof Error)) return { kind: "Other", reason: "unknown" }
  if (error instanceof UnusableFileError) return { kind: error.kind, reason: error.message }
  if (error instanceof FileFailure.UnusablePathError || "syscall" in error) {
    return { kind: FileFailure.isDiskFull(error) ? "Full" : "Other", reason: FileFailure.reasonOf(error) }
  }
  const code = codeOf(error)
  if (code === undefined) return fromOtherError(error)
  const reason = "errstr" in error && typeof error.errstr === "string" ? error.errstr : `error ${code}`
  return { kind: busyCodes.has(code) ? "Busy" : (kinds[code] ?? "Other"), reason }
}
