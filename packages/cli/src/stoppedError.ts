/** A batch that an error of the library has stopped. */
import type { KimiError } from "@kimi-effect/core/KimiError"
import { CommandError } from "./commandError.ts"
import { hintOf, messageOf } from "./hints.ts"

/** Reported as the error that has stopped the batch: with its tag, and with the exit code of its category. */
export class StoppedError extends CommandError {
  readonly stopped: KimiError

  /** `next` is how the batch is continued when its cause is removed. */
  constructor(stopped: KimiError, next: string) {
    super(`The batch was stopped: ${messageOf(stopped)}`, `${hintOf(stopped)} ${next}`)
    this.stopped = stopped
  }
}
