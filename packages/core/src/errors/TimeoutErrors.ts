/**
 * A call or an attempt exceeded one of its timeouts.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

const limit = {
  /** The timeout that was exceeded. */
  timeout: Schema.Duration
}

/**
 * No connection to the host was established within the connect timeout. Nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConnectTimeoutError extends TaggedKimiError<ConnectTimeoutError>()("ConnectTimeoutError", limit) {}

/**
 * All connections of the pool were in use for the pool timeout. Nothing was
 * sent. It is no fault of the host: other calls of this client hold the
 * connections.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConnectionPoolTimeoutError extends TaggedKimiError<ConnectionPoolTimeoutError>()(
  "ConnectionPoolTimeoutError",
  limit
) {}

/**
 * No content arrived within the first-token timeout.
 *
 * @category errors
 * @since 0.1.0
 */
export class FirstTokenTimeoutError extends TaggedKimiError<FirstTokenTimeoutError>()(
  "FirstTokenTimeoutError",
  limit
) {}

/**
 * A stream that had begun delivered no content for the idle timeout. Keep-alive
 * comments do not count as content.
 *
 * @category errors
 * @since 0.1.0
 */
export class IdleTimeoutError extends TaggedKimiError<IdleTimeoutError>()("IdleTimeoutError", limit) {}

/**
 * The attempt as a whole exceeded its total timeout, or a batch at the host had not
 * ended, or a file not been processed, after the longest wait.
 *
 * @category errors
 * @since 0.1.0
 */
export class TotalTimeoutError extends TaggedKimiError<TotalTimeoutError>()("TotalTimeoutError", {
  ...limit,
  /** The batch that continues at the host, if one was waited for. */
  batchId: Schema.optionalKey(Schema.String),
  /** The file that the host had not processed, if one was waited for. */
  fileId: Schema.optionalKey(Schema.String),
  /** What to do, where it is known. */
  fix: Schema.optionalKey(Schema.String)
}) {}

/**
 * The call as a whole, with all its attempts and waits, exceeded the caller's
 * deadline.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeadlineExceededError extends TaggedKimiError<DeadlineExceededError>()("DeadlineExceededError", limit) {}
