/** Failures of the command itself. */

/** A failure of the command itself, such as a file that cannot be read. */
export class CommandError extends Error {
  readonly _tag: "CommandError" | "OutputError" | "UsageError" = "CommandError"
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

/** What to change about a flag of the command itself, which no option and no file sets. */
export const flagHint = "Give the flag what is expected, or leave it out; --help describes each flag."

/** A flag of the command itself with a value, or in a combination, that it does not have. */
export const wrongFlag = (flag: string, expected: string): UsageError =>
  new UsageError(`${flag}: expected ${expected}`, flagHint)
