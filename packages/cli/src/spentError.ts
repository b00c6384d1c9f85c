/** A failure of a command after calls for which the host charges. */
import type { KimiError } from "@kimi-effect/core/KimiError"
import { CommandError } from "./commandError.ts"

/** Reported as its `error`, with what the calls have cost. */
export class SpentError extends CommandError {
  readonly error: KimiError | CommandError
  /** Such as `$0.000423`. */
  readonly cost: string

  constructor(error: KimiError | CommandError, cost: string) {
    super(error.message, error.hint)
    this.error = error
    this.cost = cost
  }
}
