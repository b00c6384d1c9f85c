/**
 * A stream began and did not become a complete answer. What had arrived is in
 * `partial`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

/**
 * The stream ended without `[DONE]`, so the answer is incomplete even if a
 * finish reason was seen.
 *
 * @category errors
 * @since 0.1.0
 */
export class StreamTruncatedError extends TaggedKimiError<StreamTruncatedError>()("StreamTruncatedError", {}) {}

/**
 * The connection broke in the middle of the stream.
 *
 * @category errors
 * @since 0.1.0
 */
export class StreamInterruptedError extends TaggedKimiError<StreamInterruptedError>()("StreamInterruptedError", {
  /** The platform's error code, such as `UND_ERR_SOCKET`, when it gave one. */
  code: Schema.optionalKey(Schema.String)
}) {}

/**
 * An event of the stream is not JSON, or not a chunk.
 *
 * @category errors
 * @since 0.1.0
 */
export class StreamDecodeError extends TaggedKimiError<StreamDecodeError>()("StreamDecodeError", {}) {}

/**
 * The host reported an error inside the stream that has no tag of its own.
 *
 * @category errors
 * @since 0.1.0
 */
export class StreamFailedError extends TaggedKimiError<StreamFailedError>()("StreamFailedError", {
  /** The host's word for the error, when it gave one. */
  type: Schema.optionalKey(Schema.String)
}) {}
