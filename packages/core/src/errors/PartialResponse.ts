/**
 * The part of a response that was received before it failed.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A tool call whose arguments may be incomplete.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PartialToolCall = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  /** The JSON text so far; not necessarily valid JSON. */
  arguments: Schema.String
})

/**
 * The part of a response that arrived before its stream failed. It was
 * generated, so it may have been billed. It contains model output: keep it out
 * of logs unless content logging is wanted.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PartialResponse = Schema.Struct({
  /** Response text so far. */
  content: Schema.String,
  /** Reasoning text so far. */
  reasoning_content: Schema.String,
  /** Tool calls so far, in the order in which they began. Never run them: they may be incomplete. */
  tool_calls: Schema.Array(PartialToolCall),
  /** Token usage that the host reported before the failure. */
  usage: Schema.optionalKey(Schema.Struct({ prompt_tokens: Schema.Finite, completion_tokens: Schema.Finite })),
  /** The model as the host names it, if the request names another. */
  model: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type PartialResponse = typeof PartialResponse.Type
