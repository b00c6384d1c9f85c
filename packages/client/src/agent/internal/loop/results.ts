/** The results of tool calls, as the model gets them. */
import {
  ToolArgumentsError,
  ToolExecutionError,
  ToolNotFoundError,
  ToolTimeoutError
} from "@kimi-effect/core/ToolErrors"
import type { ContentPart } from "@kimi-effect/core/Message"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ToolError } from "../../AgentResult.ts"
import type { CallResult } from "../../AgentState.ts"

const codec = Schema.toCodecJson(
  Schema.Union([ToolNotFoundError, ToolArgumentsError, ToolExecutionError, ToolTimeoutError])
)
const encode = Schema.encodeSync(codec)
const decode = Schema.decodeUnknownOption(codec)

/** What the model can do about an error. `names` are those that the model knows the tools by. */
const textOf = (error: ToolError, names: ReadonlyArray<string>): string => {
  if (error._tag === "ToolNotFoundError") {
    return names.length === 0
      ? "There are no tools"
      : `There is no tool of this name. The tools are: ${names.join(", ")}`
  }
  return error._tag === "ToolArgumentsError"
    ? `${error.message}. Call the tool again with valid arguments`
    : error.message
}

/** The result of a call that failed with an error. */
export const ofError = (error: ToolError, names: ReadonlyArray<string>): CallResult => ({
  content: `Error: ${textOf(error, names)}.`,
  isFailure: true,
  error: encode(error)
})

/** The error of a result, also of one that was read from JSON. */
export const errorOf = ({ error }: CallResult): ToolError | undefined =>
  error === undefined ? undefined : Option.getOrUndefined(decode(error))

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The first bytes of a text, without a part of a character at the end. */
const cut = (bytes: Uint8Array, maxBytes: number): string => {
  let end = maxBytes
  // Continuation bytes of UTF-8 begin with the bits 10.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return `${decoder.decode(bytes.subarray(0, end))}\n[Truncated: ${end} of ${bytes.length} bytes are shown.]`
}

/** How results begin that only the host can read, which are of no use in part (source: Moonshot's tool guide). */
const encrypted = "----MOONSHOT ENCRYPTED BEGIN----"

const truncateText = (text: string, maxBytes: number): string => {
  // No character takes more than three bytes per UTF-16 unit.
  if (text.length * 3 <= maxBytes || text.startsWith(encrypted)) return text
  const bytes = encoder.encode(text)
  return bytes.length <= maxBytes ? text : cut(bytes, maxBytes)
}

/** A result whose texts have at most `maxBytes` each, and a note if they were longer. Images and videos stay whole. */
export const truncate = (result: CallResult, maxBytes: number): CallResult => {
  const { content } = result
  if (typeof content === "string") {
    const text = truncateText(content, maxBytes)
    return text === content ? result : { ...result, content: text }
  }
  return {
    ...result,
    content: content.map((part) => (part.type === "text" ? { ...part, text: truncateText(part.text, maxBytes) } : part))
  }
}

/** Adds a note for the model to a result. */
export const withNote = (result: CallResult, note: string | undefined): CallResult => {
  if (note === undefined) return result
  const { content } = result
  const part: ContentPart = { type: "text", text: note }
  return { ...result, content: typeof content === "string" ? `${content}\n\n${note}` : [...content, part] }
}
