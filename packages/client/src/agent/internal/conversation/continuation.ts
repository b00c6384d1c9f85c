/** Messages of Partial Mode: a response joined to the partial message that it continues, and one to be continued. */
import type { AssistantMessage, Message } from "@kimi-effect/core/Message"
import type { ResponseMessage } from "@kimi-effect/core/ChatResponse"

const textOf = (content: AssistantMessage["content"]): string =>
  typeof content === "string" ? content : (content?.map((part) => part.text).join("") ?? "")

/** The whole message. The host does not repeat the content of the partial one (source: Moonshot's Partial Mode guide). */
export const continuedMessage = (last: Message | undefined, response: ResponseMessage): AssistantMessage => {
  if (last?.role !== "assistant") return response
  const { partial: _, ...begun } = last
  const reasoning = (begun.reasoning_content ?? "") + (response.reasoning_content ?? "")
  const hasReasoning = begun.reasoning_content !== undefined || response.reasoning_content !== undefined
  return {
    ...begun,
    content: textOf(begun.content) + response.content,
    ...(hasReasoning ? { reasoning_content: reasoning } : {}),
    ...(response.tool_calls === undefined ? {} : { tool_calls: response.tool_calls })
  }
}

/** A message that the model is to continue. */
export const truncatedMessage = (message: AssistantMessage): AssistantMessage => {
  const { tool_calls: _, ...rest } = message
  return { ...rest, partial: true }
}
