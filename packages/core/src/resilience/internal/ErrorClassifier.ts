/**
 * The facts of an error that the stages and the combinators need.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import { isKimiError } from "../../errors/internal/ErrorBrand.ts"
import type { KimiError } from "../../errors/KimiError.ts"
import * as AdmissionRefusals from "./admission/AdmissionRefusals.ts"

/**
 * How an error counts.
 *
 * @category models
 * @since 0.1.0
 */
export interface ErrorClassifier<in E> {
  /** Whether the same attempt may succeed later. */
  readonly isRetryable: (error: E) => boolean
  /** Whether the attempt may have had its effect although it failed, such as being billed. */
  readonly isAmbiguous: (error: E) => boolean
  /** The wait that the called service requested. */
  readonly retryAfter: (error: E) => Duration.Duration | undefined
  /** Whether it counts against the health of the other side. */
  readonly isFailure: (error: E) => boolean
}

/**
 * By the facts that every error of the library carries.
 *
 * @category constants
 * @since 0.1.0
 */
export const ofKimiErrors: ErrorClassifier<KimiError> = {
  isRetryable: (error) => error.isRetryable,
  isAmbiguous: (error) => error.billing === "possible",
  retryAfter: (error) => error.retryAfter,
  // Admission refuses a call with the error of the host that blocks it, but such a call was not made.
  isFailure: (error) => error.breaker === "failure" && !AdmissionRefusals.isBlocked(error)
}

/**
 * The library's errors by their facts; all others are failures that may be
 * retried.
 *
 * @category constants
 * @since 0.1.0
 */
export const ofAllErrors: ErrorClassifier<unknown> = {
  isRetryable: (error) => !isKimiError(error) || ofKimiErrors.isRetryable(error),
  isAmbiguous: (error) => isKimiError(error) && ofKimiErrors.isAmbiguous(error),
  retryAfter: (error) => (isKimiError(error) ? ofKimiErrors.retryAfter(error) : undefined),
  isFailure: (error) => !isKimiError(error) || ofKimiErrors.isFailure(error)
}
