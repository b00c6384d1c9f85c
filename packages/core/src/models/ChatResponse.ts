/**
 * A complete response, the same for a plain call and for a stream.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { CacheStatus } from "./CacheStatus.ts"
import { RateStatus } from "./RateStatus.ts"
import { ToolCall } from "./Tool.ts"
import { Usage } from "./Usage.ts"

/**
 * The assistant's message in the form of the next request, with its reasoning and
 * its tool calls.
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
 * One of the `n` choices.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Choice = Schema.Struct({
  index: Schema.Finite,
  message: ResponseMessage,
  /** `stop`, `length`, `tool_calls`, `content_filter`, `refusal` if the text is a refusal, or another reason of the host. */
  finish_reason: Schema.String
})

/**
 * @category models
 * @since 0.1.0
 */
export type Choice = typeof Choice.Type

/**
 * A complete response. The getters read the first choice, which is the only one
 * unless the request sets `n`.
 *
 * @category models
 * @since 0.1.0
 */
export class ChatResponse extends Schema.Class<ChatResponse>("@kimi-effect/core/ChatResponse")({
  id: Schema.String,
  /** The model as the host names it; a proxy may use another name than the request. */
  model: Schema.String,
  /** The model of the request; present when the host uses another name. */
  requestedModel: Schema.optionalKey(Schema.String),
  /** Unix seconds. */
  created: Schema.Finite,
  choices: Schema.NonEmptyArray(Choice),
  /** Token usage; absent when the host reported none or only zeros. The cost is then estimated. */
  usage: Schema.optionalKey(Usage),
  /** The host of the response, by the id of its provider description. */
  provider: Schema.optionalKey(Schema.String),
  /** The host's request id, for its support. */
  requestId: Schema.optionalKey(Schema.String),
  /** The host's trace id. */
  traceId: Schema.optionalKey(Schema.String),
  /** The state of the account's request limit; most hosts do not report it. */
  rateStatus: Schema.optionalKey(RateStatus),
  /** What the host sent in another form and was converted or left out, by member; absent when there was nothing. */
  warnings: Schema.optionalKey(Schema.Array(Schema.String)),
  /** Present when the response came from the cache or from an equal call in flight. */
  cached: Schema.optionalKey(CacheStatus)
}) {
  /** The assistant's message; append it to the conversation unchanged. */
  get message(): ResponseMessage {
    return this.choices[0].message
  }
  /** The text of the response; empty when the model only calls tools. */
  get text(): string {
    return this.choices[0].message.content
  }
  /** The model's reasoning; empty when it did not think. */
  get reasoning(): string {
    return this.choices[0].message.reasoning_content ?? ""
  }
  /** The tool calls of the model. */
  get toolCalls(): ReadonlyArray<ToolCall> {
    return this.choices[0].message.tool_calls ?? []
  }
  /** Why the model stopped: `length` means that the text is truncated. */
  get finishReason(): string {
    return this.choices[0].finish_reason
  }
}
