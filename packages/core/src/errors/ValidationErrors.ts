/**
 * The request is invalid. Found before sending, or reported by the host.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

const parameter = {
  /** Path of the invalid member of the request, such as `messages[2].content`. */
  parameter: Schema.optionalKey(Schema.String)
}

/**
 * The request is malformed in a way for which there is no specific tag.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidRequestError extends TaggedKimiError<InvalidRequestError>()("InvalidRequestError", {
  ...parameter,
  /** What to change, when the message alone does not name it. */
  fix: Schema.optionalKey(Schema.String)
}) {}

/**
 * The model does not accept this parameter, or not with this value.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnsupportedParameterError extends TaggedKimiError<UnsupportedParameterError>()(
  "UnsupportedParameterError",
  {
    /** The member of the request, such as `temperature`. */
    parameter: Schema.String,
    /** The values that the model accepts, in words, when they are known. */
    allowed: Schema.optionalKey(Schema.String),
    /** What to change. */
    fix: Schema.String
  }
) {}

/**
 * Prompt and requested output do not fit the model's window.
 *
 * @category errors
 * @since 0.1.0
 */
export class ContextLengthError extends TaggedKimiError<ContextLengthError>()("ContextLengthError", {
  /** The window in tokens, when it is known. */
  limit: Schema.optionalKey(Schema.Finite),
  /** The tokens that the request needs, when they are known. */
  requested: Schema.optionalKey(Schema.Finite)
}) {}

/**
 * The host has no such model, or this key may not use it.
 *
 * @category errors
 * @since 0.1.0
 */
export class ModelNotFoundError extends TaggedKimiError<ModelNotFoundError>()("ModelNotFoundError", {}) {}

/**
 * The model was switched off at this host.
 *
 * @category errors
 * @since 0.1.0
 */
export class ModelRetiredError extends TaggedKimiError<ModelRetiredError>()("ModelRetiredError", {
  /** The date on which it was switched off, `YYYY-MM-DD`. */
  retiredOn: Schema.String,
  /** The model to use instead at the same host. */
  successor: Schema.String
}) {}

/**
 * The host's content filter refused the request.
 *
 * @category errors
 * @since 0.1.0
 */
export class ContentFilterError extends TaggedKimiError<ContentFilterError>()("ContentFilterError", {}) {}

/**
 * The body of the request or an uploaded file is larger than the host accepts (100 MB at Moonshot).
 *
 * @category errors
 * @since 0.1.0
 */
export class RequestTooLargeError extends TaggedKimiError<RequestTooLargeError>()("RequestTooLargeError", {}) {}

/**
 * An image or a video in a form that the model or the host does not accept.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnsupportedMediaError extends TaggedKimiError<UnsupportedMediaError>()(
  "UnsupportedMediaError",
  parameter
) {}

/**
 * A tool's parameters are not valid Moonshot-flavored JSON Schema, or the
 * tool itself is malformed.
 *
 * @category errors
 * @since 0.1.0
 */
export class ToolSchemaError extends TaggedKimiError<ToolSchemaError>()("ToolSchemaError", {
  ...parameter,
  /** Path in the schema, when the host reported it. */
  path: Schema.optionalKey(Schema.String)
}) {}

/**
 * The tool calls and the tool messages of the history do not match.
 *
 * @category errors
 * @since 0.1.0
 */
export class ToolHistoryError extends TaggedKimiError<ToolHistoryError>()("ToolHistoryError", parameter) {}

/**
 * An assistant message with tool calls lacks its reasoning while thinking is on.
 *
 * @category errors
 * @since 0.1.0
 */
export class MissingReasoningError extends TaggedKimiError<MissingReasoningError>()(
  "MissingReasoningError",
  parameter
) {}

/**
 * A message has no content.
 *
 * @category errors
 * @since 0.1.0
 */
export class EmptyMessageError extends TaggedKimiError<EmptyMessageError>()("EmptyMessageError", parameter) {}

/**
 * The host does not offer the operation, such as the balance at Ollama.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnsupportedOperationError extends TaggedKimiError<UnsupportedOperationError>()(
  "UnsupportedOperationError",
  {
    /** The operation, such as `balance`. */
    operation: Schema.String
  }
) {}
