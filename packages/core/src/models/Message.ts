/**
 * The messages of a conversation, in the four roles of Kimi.
 *
 * **Example** (The messages of a request)
 *
 * ```ts
 * kimi.chat({ messages: [Message.system("Be brief."), Message.user("How tall is the Eiffel Tower?")] })
 * ```
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

/**
 * A piece of text.
 *
 * @category models
 * @since 0.1.0
 */
export interface TextPart extends Schema.Schema.Type<typeof TextPart> {}

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
 * An image.
 *
 * @category models
 * @since 0.1.0
 */
export interface ImagePart extends Schema.Schema.Type<typeof ImagePart> {}

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
export type MediaPart = ImagePart | VideoPart

/**
 * A video.
 *
 * @category models
 * @since 0.1.0
 */
export interface VideoPart extends Schema.Schema.Type<typeof VideoPart> {}

/**
 * One part of a user's message.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ContentPart: Schema.Codec<ContentPart> = Schema.Union([TextPart, ImagePart, VideoPart])

/**
 * @category models
 * @since 0.1.0
 */
export type ContentPart = TextPart | ImagePart | VideoPart

const Content = Schema.Union([Schema.String, Schema.Array(ContentPart)])

/**
 * A text, or parts with images and videos.
 *
 * @category models
 * @since 0.1.0
 */
export type Content = string | ReadonlyArray<ContentPart>

const TextContent = Schema.Union([Schema.String, Schema.Array(TextPart)])

/**
 * A text, or its parts.
 *
 * @category models
 * @since 0.1.0
 */
export type TextContent = string | ReadonlyArray<TextPart>

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
 * Instructions.
 *
 * @category models
 * @since 0.1.0
 */
export interface SystemMessage extends Schema.Schema.Type<typeof SystemMessage> {}

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
 * A message of the user.
 *
 * @category models
 * @since 0.1.0
 */
export interface UserMessage extends Schema.Schema.Type<typeof UserMessage> {}

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
export interface AssistantMessage extends Schema.Schema.Type<typeof AssistantMessage> {}

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
 * The result of one tool call.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolMessage extends Schema.Schema.Type<typeof ToolMessage> {}

/**
 * A message of a conversation.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Message: Schema.Codec<Message> = Schema.Union([SystemMessage, UserMessage, AssistantMessage, ToolMessage])

/**
 * @category models
 * @since 0.1.0
 */
export type Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage

/**
 * Instructions for the model, usually the first message.
 *
 * @category constructors
 * @since 0.1.0
 */
export const system = (content: TextContent, options: { readonly name?: string | undefined } = {}): SystemMessage => ({
  role: "system",
  content,
  ...options
})

/**
 * A message of the user: a text, or parts with images and videos.
 *
 * @category constructors
 * @since 0.1.0
 */
export const user = (content: Content, options: { readonly name?: string | undefined } = {}): UserMessage => ({
  role: "user",
  content,
  ...options
})

/**
 * A message of the model, such as an example of how to answer. To continue with
 * a response, append its `message`, which has the reasoning and the tool calls.
 *
 * @category constructors
 * @since 0.1.0
 */
export const assistant = (
  content: TextContent,
  options: Partial<Pick<AssistantMessage, "reasoning_content" | "tool_calls" | "name" | "partial">> = {}
): AssistantMessage => ({ role: "assistant", content, ...options })

/**
 * The result of a tool call, for a call of the model or for its id. The host
 * expects one result for each call of a message, directly after it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const tool = (
  call: Pick<ToolCall, "id"> | string,
  content: Content,
  options: { readonly name?: string | undefined } = {}
): ToolMessage => ({
  role: "tool",
  tool_call_id: typeof call === "string" ? call : call.id,
  content,
  ...options
})
