/**
 * Prompts and responses for span attributes: redacted, then truncated. Used only
 * if content is captured.
 *
 * @since 0.1.0
 */
import * as KimiConfig from "../../../KimiConfig.ts"
import type { ChatRequest } from "../../../models/ChatRequest.ts"
import type { ChatResponse } from "../../../models/ChatResponse.ts"
import type { Message } from "../../../models/Message.ts"
import type { ToolCall } from "../../../models/Tool.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Redacts a text. It is given whole texts: messages, reasoning, tool arguments and results. */
  readonly redact: (text: string) => string
  /** Maximum characters of a conversation, counted from its end, and of its response. Defaults to 8,192. */
  readonly maxLength?: number | undefined
}

const defaultMaxLength = KimiConfig.defaults.telemetryContentLength

/** Roles and types of parts. Any other word may be misplaced content. */
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

/** Replaces a text that could not be redacted. */
const withheld = "<withheld: redaction failed>"

/** Replaces a malformed conversation. */
const unreadable = "<withheld: not a conversation>"

type Part = { readonly type: string } & { readonly [name: string]: unknown }

/** Redacts and truncates texts up to a total length. */
class TextTruncator {
  readonly #redact: Options["redact"]
  #remaining: number

  constructor({ maxLength = defaultMaxLength, redact }: Options) {
    this.#redact = redact
    this.#remaining = maxLength
  }

  get isFull(): boolean {
    return this.#remaining <= 0
  }

  redactAndTruncate(text: string): string {
    const shown = this.#redactSafely(text)
    const cut = shown.length > this.#remaining ? `${shown.slice(0, this.#remaining)}…` : shown
    this.#remaining -= shown.length
    return cut
  }

  #redactSafely(text: string): string {
    try {
      return String(this.#redact(text))
    } catch {
      // A redaction that fails must not leak the text.
      return withheld
    }
  }
}

const toolPart = (truncator: TextTruncator, { function: { arguments: text, name }, id }: ToolCall): Part => ({
  type: "tool_call",
  id,
  name,
  arguments: truncator.redactAndTruncate(text)
})

const textPart = (truncator: TextTruncator, text: string): Part => ({
  type: "text",
  content: truncator.redactAndTruncate(text)
})

const partsOf = (truncator: TextTruncator, message: Message): ReadonlyArray<Part> => {
  const { content } = message
  if (message.role === "tool") {
    const response = typeof content === "string" ? content : JSON.stringify(content ?? "")
    return [{ type: "tool_call_response", id: message.tool_call_id, response: truncator.redactAndTruncate(response) }]
  }
  const parts: Array<Part> = []
  if (typeof content === "string") parts.push(textPart(truncator, content))
  else
    for (const part of content ?? [])
      parts.push(part.type === "text" ? textPart(truncator, part.text) : { type: knownNameOrUnknown(part.type) })
  if (message.role !== "assistant") return parts
  const { reasoning_content: reasoning, tool_calls: calls } = message
  if (typeof reasoning === "string")
    parts.unshift({ type: "reasoning", content: truncator.redactAndTruncate(reasoning) })
  return [...parts, ...(calls ?? []).map((call) => toolPart(truncator, call))]
}

/**
 * The conversation as JSON in the form of the conventions: as many of its last
 * messages as fit. It has not been validated yet, so it may be malformed.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromRequest = (options: Options, { messages }: Pick<ChatRequest, "messages">): string => {
  const truncator = new TextTruncator(options)
  const shown: Array<{ readonly role: string; readonly parts: ReadonlyArray<Part> }> = []
  try {
    for (const message of messages.toReversed()) {
      if (truncator.isFull) break
      shown.unshift({ role: knownNameOrUnknown(message.role), parts: partsOf(truncator, message) })
    }
    return JSON.stringify(shown)
  } catch {
    return unreadable
  }
}

/**
 * The choices of a response as JSON in the form of the conventions.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromResponse = (options: Options, { choices }: Pick<ChatResponse, "choices">): string => {
  const truncator = new TextTruncator(options)
  return JSON.stringify(
    choices.map(({ finish_reason, message }) => ({
      role: "assistant",
      parts: partsOf(truncator, message),
      finish_reason
    }))
  )
}
