/**
 * An attempt took longer than one of its bounds allows.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

const limit = {
  /** The bound that was passed. */
  timeout: Schema.Duration
}

/**
 * No connection to the host was established in time. Nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConnectTimeoutError extends TaggedKimiError<ConnectTimeoutError>()("ConnectTimeoutError", limit) {}

/**
 * The stream brought no content within the first-token timeout.
 *
 * @category errors
 * @since 0.1.0
 */
export class FirstTokenTimeoutError extends TaggedKimiError<FirstTokenTimeoutError>()(
  "FirstTokenTimeoutError",
  limit
) {}

/**
 * The stream had begun and then brought no content for the idle timeout.
 * Keep-alive comments do not count as content.
 *
 * @category errors
 * @since 0.1.0
 */
export class IdleTimeoutError extends TaggedKimiError<IdleTimeoutError>()("IdleTimeoutError", limit) {}

/**
 * The attempt as a whole passed its total timeout.
 *
 * @category errors
 * @since 0.1.0
 */
export class TotalTimeoutError extends TaggedKimiError<TotalTimeoutError>()("TotalTimeoutError", limit) {}

/**
 * The call as a whole, with all its attempts and waits, passed the caller's
 * deadline.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeadlineExceededError extends TaggedKimiError<DeadlineExceededError>()("DeadlineExceededError", limit) {}
