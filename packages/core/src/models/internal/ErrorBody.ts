/**
 * The body of an error response.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { optionalFromNullish } from "./OptionalFromNullish.ts"

/**
 * The error as the host reports it. `type` decides its meaning, then the message.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ErrorObject = Schema.Struct({
  message: optionalFromNullish(Schema.String),
  type: optionalFromNullish(Schema.String),
  /** In the OpenAPI file, not in recordings; gateways also send numbers. */
  code: optionalFromNullish(Schema.Union([Schema.String, Schema.Finite])),
  param: optionalFromNullish(Schema.String),
  /** A second place for the status, at some gateways. */
  status: Schema.optionalKey(Schema.Unknown),
  /** The window and the tokens of the prompt, at llama.cpp. */
  n_ctx: Schema.optionalKey(Schema.Unknown),
  n_prompt_tokens: Schema.optionalKey(Schema.Unknown),
  /** What a gateway quotes of the host behind it, at OpenRouter. */
  metadata: Schema.optionalKey(Schema.Unknown)
})

/**
 * @category models
 * @since 0.1.0
 */
export type ErrorObject = typeof ErrorObject.Type

/**
 * The body of an error response: `{"error": {...}}`, or a text in place of the
 * object at some gateways.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ErrorBody = Schema.Struct({
  error: Schema.Union([ErrorObject, Schema.String]),
  request_id: optionalFromNullish(Schema.String)
})
