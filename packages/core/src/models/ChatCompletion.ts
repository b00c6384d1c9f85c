/**
 * The response of a plain call in the wire format. Callers receive `ChatResponse`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { WireUsage } from "./Usage.ts"

const text = Schema.optionalKey(Schema.NullOr(Schema.String))

/**
 * Reasoning in the dialects of the hosts: `reasoning_content` (Moonshot),
 * `reasoning` (newer vLLM, Together, Ollama), `reasoning_details` (OpenRouter).
 *
 * @category schemas
 * @since 0.1.0
 */
export const reasoningFields = {
  reasoning_content: text,
  reasoning: text,
  reasoning_details: Schema.optionalKey(Schema.NullOr(Schema.Array(Schema.Struct({ text, summary: text }))))
} as const

/**
 * A tool call of a plain response. Recordings also have an `index` here, which is
 * not needed.
 *
 * @category schemas
 * @since 0.1.0
 */
export const WireToolCall = Schema.Struct({
  id: text,
  type: text,
  function: Schema.Struct({ name: text, arguments: text })
})

/**
 * The body of a 200 response of `/chat/completions`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ChatCompletion = Schema.Struct({
  id: text,
  created: Schema.optionalKey(Schema.NullOr(Schema.Finite)),
  model: text,
  system_fingerprint: text,
  choices: Schema.Array(
    Schema.Struct({
      index: Schema.optionalKey(Schema.NullOr(Schema.Finite)),
      message: Schema.Struct({
        content: text,
        /** The text of a refusal, in place of `content`. */
        refusal: text,
        ...reasoningFields,
        tool_calls: Schema.optionalKey(Schema.NullOr(Schema.Array(WireToolCall))),
        /** The only call in the older form of the API. A body that has one is not in this format. */
        function_call: Schema.optionalKey(Schema.Null)
      }),
      /** `stop`, `length`, `tool_calls`, `content_filter`, or another reason of the host. */
      finish_reason: text,
      usage: Schema.optionalKey(Schema.NullOr(WireUsage))
    })
  ),
  usage: Schema.optionalKey(Schema.NullOr(WireUsage))
})

/**
 * @category models
 * @since 0.1.0
 */
export type ChatCompletion = typeof ChatCompletion.Type
