/**
 * Request and response of `POST /tokenizers/estimate-token-count`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Message } from "./Message.ts"

/**
 * The messages to count. The endpoint has no `tools` member, so tools are not
 * counted.
 *
 * @category schemas
 * @since 0.1.0
 */
export const TokenEstimateRequest = Schema.Struct({
  model: Schema.optional(Schema.String),
  messages: Schema.Array(Message)
})

/**
 * @category models
 * @since 0.1.0
 */
export type TokenEstimateRequest = typeof TokenEstimateRequest.Type

/**
 * The count in tokens; it may differ by up to 3 from the billed count (source:
 * official help).
 *
 * @category schemas
 * @since 0.1.0
 */
export const TokenEstimateResponse = Schema.Struct({
  data: Schema.Struct({ total_tokens: Schema.Finite })
})
