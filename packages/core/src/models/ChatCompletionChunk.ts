/**
 * One event of a stream in the wire format. Callers receive `StreamEvent`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { reasoningFields } from "./ChatCompletion.ts"
import { WireUsage } from "./Usage.ts"

const text = Schema.optionalKey(Schema.NullOr(Schema.String))
const index = Schema.optionalKey(Schema.NullOr(Schema.Finite))
const functionCall = Schema.optionalKey(Schema.NullOr(Schema.Struct({ name: text, arguments: text })))

/**
 * A piece of a tool call. The first piece has `id` and name, later ones only
 * arguments; some hosts omit `index`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ToolCallChunk = Schema.Struct({
  index,
  id: text,
  type: text,
  function: functionCall
})

/**
 * The JSON of one `data:` line. Usage is in `choices[0]`, at the top
 * level, or in both with the same figures. An `error` in place of choices ends
 * the stream.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ChatCompletionChunk = Schema.Struct({
  id: text,
  created: Schema.optionalKey(Schema.NullOr(Schema.Finite)),
  model: text,
  system_fingerprint: text,
  choices: Schema.optionalKey(
    Schema.NullOr(
      Schema.Array(
        Schema.Struct({
          index,
          delta: Schema.optionalKey(
            Schema.NullOr(
              Schema.Struct({
                content: text,
                /** The text of a refusal, in place of `content`. */
                refusal: text,
                ...reasoningFields,
                tool_calls: Schema.optionalKey(Schema.NullOr(Schema.Array(ToolCallChunk))),
                /** A piece of the only call in the older form of the API, which some hosts send. */
                function_call: functionCall
              })
            )
          ),
          finish_reason: text,
          usage: Schema.optionalKey(Schema.NullOr(WireUsage))
        })
      )
    )
  ),
  usage: Schema.optionalKey(Schema.NullOr(WireUsage)),
  /** An `ErrorObject` or a text; decoded only when present. */
  error: Schema.optionalKey(Schema.Unknown)
})

/**
 * @category models
 * @since 0.1.0
 */
export type ChatCompletionChunk = typeof ChatCompletionChunk.Type
