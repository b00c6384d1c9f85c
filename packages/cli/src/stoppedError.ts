/** A batch that an error of the library has stopped. */
import type { KimiError } from "@kimi-effect/core/KimiError"
import { HintedError } from "./hintedError.ts"
import { hintOf, messageOf } from "./hints.ts"

/** `next` is how the batch is continued when the cause of the error is removed. */
export class StoppedError extends HintedError {
  constructor(stopped: KimiError, next: string) {
    super(stopped, `${hintOf(stopped, "batch")} ${next}`, `The batch was stopped: ${messageOf(stopped)}`)
  }
}
