/**
 * Prompts and answers as they may be shown: redacted, then cut. Nothing calls
 * this unless content is to be captured.
 *
 * @since 0.1.0
 */
import type { ChatRequest } from "../../../models/ChatRequest.ts"
import type { ChatResponse } from "../../../models/ChatResponse.ts"
import type { Message } from "../../../models/Message.ts"
import type { ToolCall } from "../../../models/Tool.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Takes out of a text what nobody may see. It sees every text whole: messages, reasoning, tool arguments and results. */
  readonly redact: (text: string) => string
  /** Characters of text that are shown of a conversation, from its end, and as many of its answers. Defaults to 8,192. */
  readonly maxLength?: number | undefined
}

const defaultMaxLength = 8192

/** Roles and kinds of parts. What is none of them may be content in the wrong place. */
const knownNames: ReadonlySet<string> = new Set([
  "system",
  "user",
  "assistant",
  "tool",
  "text",
  "image_url",
  "video_url"
])

const knownNameOrUnknown = (word: string): string => (knownNames.has(word) ? word : "unknown")

/** In place of a text that could not be redacted. */
const withheld = "<withheld: redaction failed>"

/** In place of a conversation that is none. */
const unreadable = "<withheld: not a conversation>"

type Part = { readonly type: string } & { readonly [name: string]: unknown }

/** Redacts and cuts texts until there is no room left. */
class TextTruncator {
  private readonly redact: Options["redact"]
  private remaining: number

  constructor({ maxLength = defaultMaxLength, redact }: Options) {
    this.redact = redact
    this.remaining = maxLength
  }

  get isFull(): boolean {
    return this.remaining <= 0
  }

  redactAndTruncate(text: string): string {
    const shown = this.redactSafely(text)
    const cut = shown.length > this.remaining ? `${shown.slice(0, this.remaining)}…` : shown
    this.remaining -= shown.length
    return cut
  }

  private redactSafely(text: string): string {
    try {
      return String(this.redact(text))
    } catch {
      // A redaction that fails shows nothing.
      return withheld
    }
  }
}

const toolPart = (room: TextTruncator, { function: { arguments: text, name }, id }: ToolCall): Part => ({
  type: "tool_call",
  id,
  name,
  arguments: room.redactAndTruncate(text)
})

const textPart = (room: TextTruncator, text: string): Part => ({ type: "text", content: room.redactAndTruncate(text) })

const partsOf = (room: TextTruncator, message: Message): ReadonlyArray<Part> => {
  const { content } = message
  if (message.role === "tool") {
    const response = typeof content === "string" ? content : JSON.stringify(content ?? "")
    return [{ type: "tool_call_response", id: message.tool_call_id, response: room.redactAndTruncate(response) }]
  }
  const parts: Array<Part> = []
  if (typeof content === "string") parts.push(textPart(room, content))
  else
    for (const part of content ?? [])
      parts.push(part.type === "text" ? textPart(room, part.text) : { type: knownNameOrUnknown(part.type) })
  if (message.role !== "assistant") return parts
  const { reasoning_content: reasoning, tool_calls: calls } = message
  if (typeof reasoning === "string") parts.unshift({ type: "reasoning", content: room.redactAndTruncate(reasoning) })
  return [...parts, ...(calls ?? []).map((call) => toolPart(room, call))]
}

/**
 * A conversation as JSON in the form of the conventions: as many of its last
 * messages as there is room for. It is shown before anybody has checked it, so
 * it may be anything.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromRequest = (options: Options, { messages }: Pick<ChatRequest, "messages">): string => {
  const room = new TextTruncator(options)
  const shown: Array<{ readonly role: string; readonly parts: ReadonlyArray<Part> }> = []
  try {
    for (const message of messages.toReversed()) {
      if (room.isFull) break
      shown.unshift({ role: knownNameOrUnknown(message.role), parts: partsOf(room, message) })
    }
    return JSON.stringify(shown)
  } catch {
    return unreadable
  }
}

/**
 * Answers as JSON in the form of the conventions.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromResponse = (options: Options, { choices }: Pick<ChatResponse, "choices">): string => {
  const room = new TextTruncator(options)
  return JSON.stringify(
    choices.map(({ finish_reason, message }) => ({ role: "assistant", parts: partsOf(room, message), finish_reason }))
  )
}
