/** Failures of the command itself. */

/** A failure of the command itself, such as a file that cannot be read. */
export class CommandError extends Error {
  readonly _tag = "CommandError"
  readonly hint: string
  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}
