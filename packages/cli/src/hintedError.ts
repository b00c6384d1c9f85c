/** An error of the library with what to change in the situation of the command. */
import type { KimiError } from "@kimi-effect/core/KimiError"
import { CommandError } from "./commandError.ts"
import { messageOf } from "./hints.ts"

/** Reported as the error of the library: with its tag, and with the exit code of its category. */
export class HintedError extends CommandError {
  readonly error: KimiError

  constructor(error: KimiError, hint: string, message: string = messageOf(error)) {
    super(message, hint)
    this.error = error
  }
}
