/** What the reader of a response learns about an error in it: its tag, and neither texts of the host nor secrets. */
import { isKimiError } from "@kimi-effect/core/internal/ErrorBrand"
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as Duration from "effect/Duration"

/** The last event of a stream that failed. */
export interface StreamFailure {
  readonly _tag: "Failure"
  readonly error: string
  readonly message: string
  readonly isRetryable: boolean
  readonly retryAfterMillis?: number
}

/** The tag of an error that is not the library's. */
const unknownError = "UnknownError"

/** Describes any error. `message` is a fixed sentence unless the caller has its own. */
export const describeFailure = (error: unknown, messageOf?: (error: unknown) => string): StreamFailure => {
  const known: KimiError | undefined = isKimiError(error) ? error : undefined
  const tag = known?._tag ?? unknownError
  return {
    _tag: "Failure",
    error: tag,
    message: messageOf?.(error) ?? `The response failed (${tag})`,
    isRetryable: known?.isRetryable ?? false,
    ...(known?.retryAfter === undefined ? {} : { retryAfterMillis: Duration.toMillis(known.retryAfter) })
  }
}
