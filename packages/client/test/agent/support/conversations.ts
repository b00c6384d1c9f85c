/** Short forms of what conversations are made of. */
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { ToolCall } from "@kimi-effect/core/Tool"

export const callOf = (id: string, name = "f", args = "{}"): ToolCall => ({
  id,
  type: "function",
  function: { name, arguments: args }
})

/** A response as `Conversation.add` reads it. */
export const responseOf = (message: Partial<ChatResponse["message"]>): Pick<ChatResponse, "message"> => ({
  message: { role: "assistant", content: "", ...message }
})
