/**
 * The host received the request and failed, or its response cannot be used.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

/**
 * The host reported an internal failure (HTTP 500 and other 5xx).
 *
 * @category errors
 * @since 0.1.0
 */
export class ServerError extends TaggedKimiError<ServerError>()("ServerError", {}) {}

/**
 * The host does not accept calls at present (HTTP 502, 503, and a known fault of
 * the API that answers 400 "missing required header Kimi-Api-Version").
 *
 * @category errors
 * @since 0.1.0
 */
export class ServiceUnavailableError extends TaggedKimiError<ServiceUnavailableError>()(
  "ServiceUnavailableError",
  {}
) {}

/**
 * The gateway timed out while waiting for the model (HTTP 504, 408, 524); after 900 s at Moonshot.
 *
 * @category errors
 * @since 0.1.0
 */
export class GatewayTimeoutError extends TaggedKimiError<GatewayTimeoutError>()("GatewayTimeoutError", {}) {}

/**
 * A successful status with a body that is not in the API's format.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidResponseError extends TaggedKimiError<InvalidResponseError>()("InvalidResponseError", {
  /** Content type of the response, when it had one. */
  contentType: Schema.optionalKey(Schema.String),
  /** What to do, when it is not the address of the host that is wrong. */
  fix: Schema.optionalKey(Schema.String)
}) {}

/**
 * A complete response with neither text nor tool calls.
 *
 * @category errors
 * @since 0.1.0
 */
export class EmptyResponseError extends TaggedKimiError<EmptyResponseError>()("EmptyResponseError", {
  /** The host's finish reason. */
  finishReason: Schema.optionalKey(Schema.String)
}) {}

/**
 * Reasoning used the whole output budget, so there is no response text. The
 * reasoning is in `partial`.
 *
 * @category errors
 * @since 0.1.0
 */
export class ReasoningBudgetExhaustedError extends TaggedKimiError<ReasoningBudgetExhaustedError>()(
  "ReasoningBudgetExhaustedError",
  {
    /** Tokens generated, when the host reported them. */
    completionTokens: Schema.optionalKey(Schema.Finite)
  }
) {}

/**
 * A complete response that cannot be read with certainty: markup of the model
 * that the host did not parse, or a tool call in fragments that have several
 * readings. The text is in `partial`; the response was generated, so it is not
 * requested again.
 *
 * @category errors
 * @since 0.1.0
 */
export class MalformedOutputError extends TaggedKimiError<MalformedOutputError>()("MalformedOutputError", {
  /** What cannot be read. */
  reason: Schema.Literals(["markup", "tool call"]),
  /** The host's finish reason. */
  finishReason: Schema.optionalKey(Schema.String)
}) {}

/**
 * The host recorded the request as cancelled by the caller (HTTP 499).
 *
 * @category errors
 * @since 0.1.0
 */
export class RequestCancelledError extends TaggedKimiError<RequestCancelledError>()("RequestCancelledError", {}) {}

/**
 * The model's output does not match the requested schema, after all repair
 * rounds. Structured output (`client/agent`) raises it. The raw text is in
 * `partial`, which is kept out of logs.
 *
 * @category errors
 * @since 0.1.0
 */
export class StructuredOutputError extends TaggedKimiError<StructuredOutputError>()("StructuredOutputError", {
  /** Why the output cannot be used. */
  reason: Schema.Literals(["refusal", "truncated", "invalid JSON", "schema mismatch"]),
  /** The schema issue: path and expected form, without the model's value. */
  issue: Schema.optionalKey(Schema.String)
}) {}
