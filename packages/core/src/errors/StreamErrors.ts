/**
 * A stream began and did not become a complete response. The part that arrived is
 * in `partial`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

/**
 * The stream ended without `[DONE]`, or with it and without a finish reason, so
 * the response is incomplete. At hosts other than Moonshot's, a stream whose
 * choices all have a finish reason is complete without `[DONE]`.
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
 * An event of the stream is not valid JSON, or not a chunk.
 *
 * @category errors
 * @since 0.1.0
 */
export class StreamDecodeError extends TaggedKimiError<StreamDecodeError>()("StreamDecodeError", {}) {}

/**
 * The host reported an error inside the stream for which there is no specific tag.
 *
 * @category errors
 * @since 0.1.0
 */
export class StreamFailedError extends TaggedKimiError<StreamFailedError>()("StreamFailedError", {
  /** The host's error type, when it gave one. */
  type: Schema.optionalKey(Schema.String)
}) {}
