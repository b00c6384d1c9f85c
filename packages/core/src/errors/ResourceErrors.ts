/**
 * The host sent more than the configured size limits allow.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

const limit = {
  /** The limit that was exceeded, in bytes. */
  limit: Schema.Finite
}

/**
 * The body of the response, or a stream as a whole, is larger than the response limit.
 *
 * @category errors
 * @since 0.1.0
 */
export class ResponseTooLargeError extends TaggedKimiError<ResponseTooLargeError>()("ResponseTooLargeError", limit) {}

/**
 * One event of a stream is larger than the event limit.
 *
 * @category errors
 * @since 0.1.0
 */
export class EventTooLargeError extends TaggedKimiError<EventTooLargeError>()("EventTooLargeError", limit) {}

/**
 * The arguments of one tool call are larger than the tool-argument limit.
 *
 * @category errors
 * @since 0.1.0
 */
export class ToolArgumentsTooLargeError extends TaggedKimiError<ToolArgumentsTooLargeError>()(
  "ToolArgumentsTooLargeError",
  limit
) {}
