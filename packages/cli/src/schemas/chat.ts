/** The JSON of `kimi chat`. */
import { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { ToolCall } from "@kimi-effect/core/Tool"
import { Usage } from "@kimi-effect/core/Usage"
import * as Schema from "effect/Schema"

export const Chat = Schema.Struct({
  id: Schema.String,
  model: Schema.String,
  provider: Schema.optionalKey(Schema.String),
  text: Schema.String,
  reasoning: Schema.String,
  toolCalls: Schema.Array(ToolCall),
  finishReason: Schema.String,
  usage: Schema.optionalKey(Usage),
  cost: Schema.optionalKey(Schema.String).annotate({ description: "Such as $0.000423; absent if no price is known" })
})

export type Chat = typeof Chat.Type

/** Each line of `--json --stream`. */
export const ChatEvent = StreamEvent
