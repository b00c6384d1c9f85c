/** The failure of a command whose output cannot be written. */
import * as FileFailure from "@kimi-effect/client/internal/FileFailure"
import type { Category } from "@kimi-effect/core/ErrorFacts"
import { CommandError } from "./commandError.ts"
import * as exitCodes from "./exitCodes.ts"

/** Has the exit code of a file of the library that cannot be written, or that of a reader that has gone. */
export class OutputError extends CommandError {
  override readonly _tag = "OutputError"
  readonly category: Category | "other"
  readonly exitCode: number

  constructor({ code = "unknown error" }: NodeJS.ErrnoException) {
    const hasGone = code === "EPIPE"
    super(
      `The output cannot be written: ${hasGone ? "its reader has gone, and the command was stopped" : FileFailure.describe(code)}`,
      hasGone
        ? "Read the output to its end, or redirect it to a file."
        : "Redirect the output to a place that can be written to, such as a disk with free space."
    )
    this.category = hasGone ? "other" : "journal"
    this.exitCode = hasGone ? exitCodes.notRead : exitCodes.byCategory.journal
  }
}
