/**
 * What a failure of SQLite means for a cache.
 *
 * @since 0.1.0
 */
import { busyCodes, codeOf } from "./SqliteDatabase.ts"

/**
 * - `Busy`: another process writes.
 * - `Full`: there is no room for what was to be written.
 * - `Damaged`: the file is no sound database.
 * - `Outdated`: the database is of another version of this library.
 * - `Other`: anything else.
 */
export interface SqliteFailure {
  readonly kind: "Busy" | "Full" | "Damaged" | "Outdated" | "Other"
  /** What SQLite says, in words of its own that hold no content. */
  readonly reason: string
}

/** By SQLite's codes. Our statements break no rule and name what is there, unless the file is not as it was written. */
const kinds: Readonly<Record<number, SqliteFailure["kind"]>> = {
  1: "Damaged",
  11: "Damaged",
  13: "Full",
  19: "Damaged",
  20: "Damaged",
  26: "Damaged"
}

/** A file that cannot be used as it is. */
export class UnusableFileError extends Error {
  override readonly name = "UnusableFile"
  /** Those of others are `Other`, and must be left alone. */
  readonly kind: "Damaged" | "Outdated" | "Other"

  constructor(kind: UnusableFileError["kind"], reason: string) {
    super(reason)
    this.kind = kind
  }
}

/** Understands what was thrown by a statement, or when a file was opened. */
export const fromUnknown = (error: unknown): SqliteFailure => {
  if (!(error instanceof Error)) return { kind: "Other", reason: "unknown" }
  if (error instanceof UnusableFileError) return { kind: error.kind, reason: error.message }
  if ("syscall" in error && "code" in error) return { kind: "Other", reason: String(error.code) }
  const code = codeOf(error)
  if (code === undefined) {
    // A number that no statement of ours has written.
    const isForeign = "code" in error && error.code === "ERR_OUT_OF_RANGE"
    return { kind: isForeign ? "Damaged" : "Other", reason: isForeign ? "a number out of range" : error.name }
  }
  const reason = "errstr" in error && typeof error.errstr === "string" ? error.errstr : `error ${code}`
  return { kind: busyCodes.has(code) ? "Busy" : (kinds[code] ?? "Other"), reason }
}
