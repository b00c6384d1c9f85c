/**
 * The host received the request and failed, or answered something unusable.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

/**
 * The host failed inside (HTTP 500 and other 5xx).
 *
 * @category errors
 * @since 0.1.0
 */
export class ServerError extends TaggedKimiError<ServerError>()("ServerError", {}) {}

/**
 * The host takes no calls at the moment (HTTP 502, 503, and the rollout fault
 * that answers 400 "missing required header Kimi-Api-Version").
 *
 * @category errors
 * @since 0.1.0
 */
export class ServiceUnavailableError extends TaggedKimiError<ServiceUnavailableError>()(
  "ServiceUnavailableError",
  {}
) {}

/**
 * The gateway waited for the model and gave up (HTTP 504, 408, 524), after 900 s at Moonshot.
 *
 * @category errors
 * @since 0.1.0
 */
export class GatewayTimeoutError extends TaggedKimiError<GatewayTimeoutError>()("GatewayTimeoutError", {}) {}

/**
 * A successful status with a body that is not the API's answer.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidResponseError extends TaggedKimiError<InvalidResponseError>()("InvalidResponseError", {
  /** Content type of the answer, when it had one. */
  contentType: Schema.optionalKey(Schema.String)
}) {}

/**
 * A complete answer without text and without tool calls.
 *
 * @category errors
 * @since 0.1.0
 */
export class EmptyResponseError extends TaggedKimiError<EmptyResponseError>()("EmptyResponseError", {
  /** Why the model stopped, in the host's word. */
  finishReason: Schema.optionalKey(Schema.String)
}) {}

/**
 * The output budget ran out before the answer began: all of it went into
 * reasoning. The reasoning is in `partial`.
 *
 * @category errors
 * @since 0.1.0
 */
export class ReasoningBudgetExhaustedError extends TaggedKimiError<ReasoningBudgetExhaustedError>()(
  "ReasoningBudgetExhaustedError",
  {
    /** Tokens generated, when the host said it. */
    completionTokens: Schema.optionalKey(Schema.Finite)
  }
) {}

/**
 * The host saw the caller leave (HTTP 499).
 *
 * @category errors
 * @since 0.1.0
 */
export class RequestCancelledError extends TaggedKimiError<RequestCancelledError>()("RequestCancelledError", {}) {}
