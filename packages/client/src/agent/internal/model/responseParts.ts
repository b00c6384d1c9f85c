/** A whole response as parts. */
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type * as Response from "effect/ai/Response"
import { type CallNames, toCallPart } from "./calls.ts"
import { finishPart, metadataPart } from "./finish.ts"

/** The parts in the order in which the model writes them: reasoning, text, calls. */
export const toParts = (response: ChatResponse, id: string, names: CallNames): Array<Response.PartEncoded> => {
  const { finishReason, message, warnings } = response
  const parts: Array<Response.PartEncoded> = [metadataPart(response, id)]
  if (message.reasoning_content !== undefined) parts.push({ type: "reasoning", text: message.reasoning_content })
  if (message.content !== "") parts.push({ type: "text", text: message.content })
  for (const call of message.tool_calls ?? []) {
    parts.push(toCallPart(call, names.idOf(id, call.id), names))
  }
  parts.push(finishPart({ finishReason, ...(warnings === undefined ? {} : { warnings }) }, response.usage))
  return parts
}
