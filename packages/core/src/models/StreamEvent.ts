/**
 * What a stream says while an answer comes in.
 *
 * The order is: one `Start`; deltas; the completed `ToolCall`s; `Usage` if the
 * host reported it; one `Finish`, which is always last. A stream that ends
 * without `Finish` has failed.
 *
 * Only a client that recovers broken streams, which is off by default, also
 * says `Reset` or `Seam` between two attempts: a new `Start` follows a `Reset`,
 * and none follows a `Seam`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { CacheStatus } from "./CacheStatus.ts"
import { RateStatus } from "./RateStatus.ts"
import { ToolCall as ToolCallModel } from "./Tool.ts"
import { Usage as UsageModel } from "./Usage.ts"

/** Which of the `n` answers the event belongs to, from 0. */
const choice = Schema.Finite

/**
 * The host has begun to answer.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Start = Schema.TaggedStruct("Start", {
  id: Schema.String,
  model: Schema.String,
  /** Unix seconds. */
  created: Schema.Finite,
  provider: Schema.optionalKey(Schema.String),
  requestId: Schema.optionalKey(Schema.String),
  traceId: Schema.optionalKey(Schema.String),
  /** What the host told of the account's request limit. */
  rateStatus: Schema.optionalKey(RateStatus),
  /** Present when the host was not asked for this answer: it came from the cache, or from an equal call under way. */
  cached: Schema.optionalKey(CacheStatus)
})

/**
 * A piece of reasoning.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ReasoningDelta = Schema.TaggedStruct("ReasoningDelta", { choice, text: Schema.String })

/**
 * A piece of the answer's text.
 *
 * @category schemas
 * @since 0.1.0
 */
export const TextDelta = Schema.TaggedStruct("TextDelta", { choice, text: Schema.String })

/**
 * A piece of a tool call's arguments, for display. Run a tool only on `ToolCall`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ToolCallDelta = Schema.TaggedStruct("ToolCallDelta", {
  choice,
  /** Which of the answer's tool calls, from 0. */
  index: Schema.Finite,
  id: Schema.String,
  name: Schema.String,
  arguments: Schema.String
})

/**
 * A tool call with all of its arguments.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ToolCall = Schema.TaggedStruct("ToolCall", {
  choice,
  /** Which of the answer's tool calls, from 0. */
  index: Schema.Finite,
  call: ToolCallModel
})

/**
 * Tokens of the whole call. After a recovery, the sum over all of its attempts.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Usage = Schema.TaggedStruct("Usage", {
  usage: UsageModel,
  /** Present when a part of the sum is an estimate: a broken attempt rarely says what it cost. */
  isEstimate: Schema.optionalKey(Schema.Literal(true))
})

/**
 * The answer is complete: the host sent its end mark.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Finish = Schema.TaggedStruct("Finish", {
  /** Why the model stopped, in the first choice. */
  finishReason: Schema.String,
  /** The same for every choice, by its index. */
  finishReasons: Schema.Array(Schema.String)
})

/**
 * The stream broke and the answer begins anew: throw away all that came so far.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Reset = Schema.TaggedStruct("Reset", {
  /** Tag of the error that broke the stream. */
  reason: Schema.String
})

/**
 * The stream broke and another attempt takes the answer up where it broke
 * off: keep what came so far, the rest follows. In place of a second `Start`
 * it tells who answers from here on.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Resume = Schema.TaggedStruct("Resume", {
  /** Tag of the error that broke the stream. */
  reason: Schema.String,
  id: Schema.optionalKey(Schema.String),
  model: Schema.optionalKey(Schema.String),
  provider: Schema.optionalKey(Schema.String),
  requestId: Schema.optionalKey(Schema.String),
  traceId: Schema.optionalKey(Schema.String)
})

/**
 * An event of a stream, by `_tag`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const StreamEvent = Schema.Union([
  Start,
  ReasoningDelta,
  TextDelta,
  ToolCallDelta,
  ToolCall,
  Usage,
  Finish,
  Reset,
  Resume
])

/**
 * @category models
 * @since 0.1.0
 */
export type StreamEvent = typeof StreamEvent.Type

/**
 * Tells whether an event carries something that the model generated.
 *
 * @category guards
 * @since 0.1.0
 */
export const isContent = (event: StreamEvent): boolean =>
  event._tag === "TextDelta" || event._tag === "ReasoningDelta" || event._tag === "ToolCallDelta"
