/**
 * The events of a streamed response.
 *
 * The order is: one `Start`; deltas; the completed `ToolCall`s; `Usage` if the
 * host reported it; one `Finish`, which is always last. A stream that ends
 * without `Finish` has failed.
 *
 * Only a client that recovers broken streams, which is off by default, also
 * emits `Reset` or `Resume` between two attempts: a new `Start` follows a
 * `Reset`, and none follows a `Resume`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { CacheStatus } from "./CacheStatus.ts"
import { RateStatus } from "./RateStatus.ts"
import { ToolCall as ToolCallModel } from "./Tool.ts"
import { Usage as UsageModel } from "./Usage.ts"

/** The index of the choice that the event belongs to, from 0. */
const choice = Schema.Finite

/**
 * The response has begun.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Start = Schema.TaggedStruct("Start", {
  id: Schema.String,
  model: Schema.String,
  /** The model of the request; present when the host uses another name. */
  requestedModel: Schema.optionalKey(Schema.String),
  /** Unix seconds. */
  created: Schema.Finite,
  provider: Schema.optionalKey(Schema.String),
  requestId: Schema.optionalKey(Schema.String),
  traceId: Schema.optionalKey(Schema.String),
  /** The state of the account's request limit. */
  rateStatus: Schema.optionalKey(RateStatus),
  /** Present when the response comes from the cache or from an equal call in flight. */
  cached: Schema.optionalKey(CacheStatus)
})

/**
 * A delta of the reasoning.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ReasoningDelta = Schema.TaggedStruct("ReasoningDelta", { choice, text: Schema.String })

/**
 * A delta of the text.
 *
 * @category schemas
 * @since 0.1.0
 */
export const TextDelta = Schema.TaggedStruct("TextDelta", { choice, text: Schema.String })

/**
 * A delta of a tool call's arguments, for display. Run a tool only on `ToolCall`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ToolCallDelta = Schema.TaggedStruct("ToolCallDelta", {
  choice,
  /** The index of the tool call in its choice, from 0. */
  index: Schema.Finite,
  id: Schema.String,
  name: Schema.String,
  arguments: Schema.String
})

/**
 * A tool call with its complete arguments.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ToolCall = Schema.TaggedStruct("ToolCall", {
  choice,
  /** The index of the tool call in its choice, from 0. */
  index: Schema.Finite,
  call: ToolCallModel
})

/**
 * The token usage of the call. After a recovery, the sum of all attempts.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Usage = Schema.TaggedStruct("Usage", {
  usage: UsageModel,
  /** Present when a part of the sum is an estimate, because a broken attempt reported no usage. */
  isEstimate: Schema.optionalKey(Schema.Literal(true))
})

/**
 * The response is complete.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Finish = Schema.TaggedStruct("Finish", {
  /** Why the model stopped, in the first choice. */
  finishReason: Schema.String,
  /** The same for every choice, by its index. */
  finishReasons: Schema.Array(Schema.String),
  /** Present when the host sent no end mark: the body ended after a finish reason for every choice. */
  isWithoutEndMark: Schema.optionalKey(Schema.Literal(true)),
  /** The id, if the host sent it only after `Start`. */
  id: Schema.optionalKey(Schema.String),
  /** The model, if the host sent it only after `Start`. */
  model: Schema.optionalKey(Schema.String),
  /** Unix seconds, if the host sent them only after `Start`. */
  created: Schema.optionalKey(Schema.Finite),
  /** What the host sent in another form and was converted or left out, by member. */
  warnings: Schema.optionalKey(Schema.Array(Schema.String))
})

/**
 * The stream broke and the response starts again: discard all earlier events.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Reset = Schema.TaggedStruct("Reset", {
  /** Tag of the error that broke the stream. */
  reason: Schema.String
})

/**
 * The stream broke and another attempt continues the response: keep all earlier
 * events, the rest follows. It identifies the new attempt in place of a second
 * `Start`.
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
 * Returns whether an event contains output of the model.
 *
 * @category guards
 * @since 0.1.0
 */
export const isContent = (event: StreamEvent): boolean =>
  event._tag === "TextDelta" || event._tag === "ReasoningDelta" || event._tag === "ToolCallDelta"
