/** Failures of the command itself. */

/** A failure of the command itself, such as a file that cannot be read. */
export class CommandError extends Error {
  readonly _tag: "CommandError" | "UsageError" = "CommandError"
  readonly hint: string
  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

/** An invocation that the arguments alone do not show to be wrong, such as one without a text. Nothing was done. */
export class UsageError extends CommandError {
  override readonly _tag = "UsageError"
}
