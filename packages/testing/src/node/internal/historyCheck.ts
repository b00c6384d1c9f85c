/** Rejects the messages that Kimi rejects: empty ones, other image URLs, and tool results that fit no call. */
import type { ChatCompletionRequest } from "@kimi-effect/core/ChatRequest"

type Messages = (typeof ChatCompletionRequest.Type)["messages"]
type Message = Messages[number]

const hasNoContent = ({ content }: Message): boolean =>
  content === undefined || content === null || content === "" || (Array.isArray(content) && content.length === 0)

/** A message without content can carry tools, tool calls or reasoning; the result of a tool may be empty. */
const isEmpty = (message: Message): boolean => {
  if (!hasNoContent(message)) return false
  switch (message.role) {
    case "tool":
      return false
    case "system":
      return message.tools === undefined
    case "assistant":
      return (message.tool_calls ?? []).length === 0 && (message.reasoning_content ?? "") === ""
    default:
      return true
  }
}

const checkContent = (message: Message): string | undefined => {
  if (!Array.isArray(message.content)) return undefined
  for (const part of message.content) {
    if (part.type === "text" && part.text === "") return "Invalid request: text content is empty"
    if (part.type !== "image_url") continue
    const url = typeof part.image_url === "string" ? part.image_url : part.image_url.url
    if (/^https?:/i.test(url)) return `Invalid request: unsupported image url: ${url}`
  }
  return undefined
}

const insufficient =
  "Invalid request: an assistant message with 'tool_calls' must be followed by tool messages responding to each " +
  "'tool_call_id' (insufficient tool messages following tool_calls message)"

/** Each call is followed by exactly one result, before any other message. */
const checkToolResults = (messages: Messages): string | undefined => {
  const open = new Set<string>()
  for (const message of messages) {
    if (message.role === "tool") {
      if (!open.delete(message.tool_call_id)) return "tool_call_id  is not found"
      continue
    }
    if (open.size > 0) return insufficient
    if (message.role === "assistant") message.tool_calls?.forEach(({ id }) => open.add(id))
  }
  return open.size > 0 ? insufficient : undefined
}

/** The message of the rejection, if the history is rejected. */
export const checkHistory = (messages: Messages): string | undefined => {
  const empty = messages.findIndex(isEmpty)
  if (empty >= 0) {
    return `Invalid request: the message at position ${empty} with role '${messages[empty]?.role}' must not be empty`
  }
  for (const message of messages) {
    const wrong = checkContent(message)
    if (wrong !== undefined) return wrong
  }
  return checkToolResults(messages)
}
