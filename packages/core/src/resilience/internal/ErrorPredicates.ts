/**
 * How users classify the errors of custom effects.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import { isKimiError } from "../../errors/internal/ErrorBrand.ts"
import type { AdmissionError } from "../../errors/OperationErrors.ts"
import { RateLimitError } from "../../errors/RateLimitErrors.ts"
import {
  AdmissionLimitError,
  AdmissionQueueFullError,
  AdmissionTimeoutError,
  CircuitOpenError
} from "../../errors/ResilienceErrors.ts"
import { TotalTimeoutError } from "../../errors/TimeoutErrors.ts"
import * as OptionRules from "../../internal/OptionRules.ts"
import * as AdmissionRefusals from "./admission/AdmissionRefusals.ts"
import type { RateLimitClassifier } from "./admission/AdmissionGuard.ts"
import * as ErrorClassifier from "./ErrorClassifier.ts"

/**
 * What errors mean. By default the library's errors count by their facts, and
 * all others are failures that may be retried.
 *
 * @category options
 * @since 0.1.0
 */
export interface ErrorPredicates<in E = unknown> {
  /** Whether the same attempt may succeed later. */
  readonly isRetryable?: ((error: E) => boolean) | undefined
  /** Whether the attempt may have had its effect although it failed, so that a retry would repeat it. */
  readonly isAmbiguous?: ((error: E) => boolean) | undefined
  /** The wait that the called service requested. */
  readonly retryAfter?: ((error: E) => Duration.Input | undefined) | undefined
  /** Whether the error counts against the health of the called service. */
  readonly isFailure?: ((error: E) => boolean) | undefined
  /** Whether the called service rejected the attempt for its rate limit. Defaults to errors with a `retryAfter`. */
  readonly isRateLimited?: ((error: E) => boolean) | undefined
}

/**
 * The classifier of these predicates, and the defaults where there is none.
 *
 * @category constructors
 * @since 0.1.0
 */
export const toClassifier = <E>({
  isAmbiguous = ErrorClassifier.ofAllErrors.isAmbiguous,
  isFailure = ErrorClassifier.ofAllErrors.isFailure,
  isRetryable = ErrorClassifier.ofAllErrors.isRetryable,
  retryAfter = ErrorClassifier.ofAllErrors.retryAfter
}: ErrorPredicates<E>): ErrorClassifier.ErrorClassifier<E> => ({
  isAmbiguous,
  isFailure,
  isRetryable,
  retryAfter: (error) => {
    const wait = retryAfter(error)
    return wait === undefined ? undefined : OptionRules.durationOf(wait)
  }
})

/**
 * What these predicates mean for rate limits.
 *
 * @category constructors
 * @since 0.1.0
 */
export const toRateLimitClassifier = <E>(predicates: ErrorPredicates<E>): RateLimitClassifier<E> => {
  const { retryAfter } = toClassifier(predicates)
  return (error) => {
    const wait = retryAfter(error)
    const isRateLimited = predicates.isRateLimited?.(error)
    if (isRateLimited === undefined && isKimiError(error)) return error
    if (!(isRateLimited ?? wait !== undefined)) return undefined
    const retry = wait === undefined ? {} : { retryAfter: wait }
    return new RateLimitError({ message: "The attempt met a rate limit", kind: "unknown", ...retry })
  }
}

/**
 * What the combinators fail with themselves, and what their users do not
 * classify.
 *
 * @category models
 * @since 0.1.0
 */
export type OwnError = CircuitOpenError | AdmissionError | TotalTimeoutError

const isOwn = (error: unknown): error is OwnError =>
  error instanceof CircuitOpenError ||
  error instanceof AdmissionTimeoutError ||
  error instanceof AdmissionQueueFullError ||
  error instanceof AdmissionLimitError ||
  AdmissionRefusals.isBlocked(error) ||
  error instanceof TotalTimeoutError

/**
 * The same predicates, for errors among which are those of the combinators
 * themselves, which count by their facts.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withOwnErrors = <E>({
  isAmbiguous,
  isFailure,
  isRateLimited,
  isRetryable,
  retryAfter
}: ErrorPredicates<E>): ErrorPredicates<E | OwnError> => {
  const either = <B>(
    predicate: ((error: E) => B) | undefined,
    own: (error: OwnError) => B
  ): ((error: E | OwnError) => B) | undefined =>
    predicate === undefined ? undefined : (error) => (isOwn(error) ? own(error) : predicate(error))
  return {
    isAmbiguous: either(isAmbiguous, ErrorClassifier.ofKimiErrors.isAmbiguous),
    isFailure: either(isFailure, ErrorClassifier.ofKimiErrors.isFailure),
    isRateLimited: either(isRateLimited, () => false),
    isRetryable: either(isRetryable, ErrorClassifier.ofKimiErrors.isRetryable),
    retryAfter: either(retryAfter, ErrorClassifier.ofKimiErrors.retryAfter)
  }
}
