/**
 * What had been received of an answer when it failed.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A tool call whose arguments may be cut short.
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
 * The part of an answer that arrived before its stream failed. It was
 * generated, so it may have been billed. It holds model output: keep it out of
 * logs unless content logging is wanted.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PartialResponse = Schema.Struct({
  /** Answer text so far. */
  content: Schema.String,
  /** Reasoning text so far. */
  reasoning_content: Schema.String,
  /** Tool calls so far, in the order they began. Never run them: they may be incomplete. */
  tool_calls: Schema.Array(PartialToolCall),
  /** Tokens reported before the failure, when the host had reported any. */
  usage: Schema.optionalKey(Schema.Struct({ prompt_tokens: Schema.Finite, completion_tokens: Schema.Finite }))
})

/**
 * @category models
 * @since 0.1.0
 */
export type PartialResponse = typeof PartialResponse.Type
