/**
 * The messages of a conversation, in the four roles of Kimi.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { FunctionTool, ToolCall } from "./Tool.ts"

/**
 * A piece of text.
 *
 * @category schemas
 * @since 0.1.0
 */
export const TextPart = Schema.Struct({ type: Schema.tag("text"), text: Schema.String })

/** Moonshot accepts the short form (a string) and the long form (an object). */
const MediaUrl = Schema.Union([Schema.String, Schema.Struct({ url: Schema.String })])

/**
 * An image, as a `data:` URL or as `ms://<file id>`. Moonshot does not fetch
 * http(s) URLs (source: vision guide); jpeg, png, gif, webp, bmp, heic, heif.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ImagePart = Schema.Struct({ type: Schema.tag("image_url"), image_url: MediaUrl })

/**
 * A video, as a `data:` URL or as `ms://<file id>`; mp4, mpeg, mov, avi,
 * x-flv, mpg, webm, wmv, 3gpp.
 *
 * @category schemas
 * @since 0.1.0
 */
export const VideoPart = Schema.Struct({ type: Schema.tag("video_url"), video_url: MediaUrl })

/**
 * An image or a video.
 *
 * @category models
 * @since 0.1.0
 */
export type MediaPart = typeof ImagePart.Type | typeof VideoPart.Type

/**
 * One part of a user's message.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ContentPart = Schema.Union([TextPart, ImagePart, VideoPart])

/**
 * @category models
 * @since 0.1.0
 */
export type ContentPart = typeof ContentPart.Type

const Content = Schema.Union([Schema.String, Schema.Array(ContentPart)])
const TextContent = Schema.Union([Schema.String, Schema.Array(TextPart)])

/**
 * Instructions. On kimi-k3, a system message with `tools` and no `content`
 * loads tools from that point on.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SystemMessage = Schema.Struct({
  role: Schema.tag("system"),
  content: Schema.optional(TextContent),
  name: Schema.optional(Schema.String),
  tools: Schema.optional(Schema.Array(FunctionTool))
})

/**
 * A message of the user.
 *
 * @category schemas
 * @since 0.1.0
 */
export const UserMessage = Schema.Struct({
  role: Schema.tag("user"),
  content: Content,
  name: Schema.optional(Schema.String)
})

/**
 * A message of the model. Send it back unchanged: while thinking is enabled, an
 * assistant message with `tool_calls` must keep its `reasoning_content`.
 *
 * With `partial: true` on the last message, the model continues this message
 * (Partial Mode); its response does not repeat `content`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AssistantMessage = Schema.Struct({
  role: Schema.tag("assistant"),
  /** `null`, which other clients send with tool calls, is the same as absent. */
  content: Schema.optional(Schema.NullOr(TextContent)),
  reasoning_content: Schema.optional(Schema.String),
  tool_calls: Schema.optional(Schema.Array(ToolCall)),
  name: Schema.optional(Schema.String),
  partial: Schema.optional(Schema.Boolean)
})

/**
 * @category models
 * @since 0.1.0
 */
export type AssistantMessage = typeof AssistantMessage.Type

/**
 * The result of one tool call.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ToolMessage = Schema.Struct({
  role: Schema.tag("tool"),
  tool_call_id: Schema.String,
  content: Content,
  name: Schema.optional(Schema.String)
})

/**
 * A message of a conversation.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Message = Schema.Union([SystemMessage, UserMessage, AssistantMessage, ToolMessage])

/**
 * @category models
 * @since 0.1.0
 */
export type Message = typeof Message.Type
