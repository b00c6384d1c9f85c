/**
 * A complete answer, the same whether it came whole or as a stream.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { CacheStatus } from "./CacheStatus.ts"
import { RateStatus } from "./RateStatus.ts"
import { ToolCall } from "./Tool.ts"
import { Usage } from "./Usage.ts"

/**
 * The assistant's message, ready to be sent back in the next request: its
 * reasoning and its tool calls are part of it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ResponseMessage = Schema.Struct({
  role: Schema.tag("assistant"),
  /** Empty when the model only calls tools. */
  content: Schema.String,
  /** Absent when the model did not think. */
  reasoning_content: Schema.optionalKey(Schema.String),
  /** Absent when the model calls no tool. */
  tool_calls: Schema.optionalKey(Schema.Array(ToolCall))
})

/**
 * @category models
 * @since 0.1.0
 */
export type ResponseMessage = typeof ResponseMessage.Type

/**
 * One of the `n` answers.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Choice = Schema.Struct({
  index: Schema.Finite,
  message: ResponseMessage,
  /** `stop`, `length`, `tool_calls`, `content_filter`, or a word of the host's own. */
  finish_reason: Schema.String
})

/**
 * @category models
 * @since 0.1.0
 */
export type Choice = typeof Choice.Type

/**
 * A complete answer. The getters read the first choice, which is the only one
 * unless `n` was asked for.
 *
 * @category models
 * @since 0.1.0
 */
export class ChatResponse extends Schema.Class<ChatResponse>("@kimi-effect/core/ChatResponse")({
  id: Schema.String,
  /** The model as the host names it; a proxy may name it otherwise than the request did. */
  model: Schema.String,
  /** Unix seconds. */
  created: Schema.Finite,
  choices: Schema.NonEmptyArray(Choice),
  /** Tokens; absent when the host reported none. */
  usage: Schema.optionalKey(Usage),
  /** The host that answered, by the id of its provider description. */
  provider: Schema.optionalKey(Schema.String),
  /** The host's request id, for its support. */
  requestId: Schema.optionalKey(Schema.String),
  /** The host's trace id. */
  traceId: Schema.optionalKey(Schema.String),
  /** What the host told of the account's request limit; most tell nothing. */
  rateStatus: Schema.optionalKey(RateStatus),
  /** Present when the host was not asked for this answer: it came from the cache, or from an equal call under way. */
  cached: Schema.optionalKey(CacheStatus)
}) {
  /** The assistant's message; append it to the conversation as it is. */
  get message(): ResponseMessage {
    return this.choices[0].message
  }
  /** The answer's text; empty when the model only calls tools. */
  get text(): string {
    return this.choices[0].message.content
  }
  /** The model's reasoning; empty when it did not think. */
  get reasoning(): string {
    return this.choices[0].message.reasoning_content ?? ""
  }
  /** The tools that the model wants called. */
  get toolCalls(): ReadonlyArray<ToolCall> {
    return this.choices[0].message.tool_calls ?? []
  }
  /** Why the model stopped: `length` means that the text is cut off. */
  get finishReason(): string {
    return this.choices[0].finish_reason
  }
}
