/** Counts prompts with `TokenCount` and caches the counts, because a simulation sends few texts many times. */
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import * as TokenCount from "@kimi-effect/core/TokenCount"

/** Makes a counter with its own cache. */
export const make = (): ((request: ModelRequest) => number) => {
  const byModel = new Map<string, Map<string, number>>()
  return (request) => {
    const [message, ...others] = request.messages
    const isOneText = message?.role === "user" && typeof message.content === "string"
    if (!isOneText || others.length > 0 || request.tools !== undefined) return TokenCount.ofPrompt(request)
    const known = byModel.get(request.model) ?? new Map<string, number>()
    byModel.set(request.model, known)
    const tokens = known.get(message.content) ?? TokenCount.ofPrompt(request)
    known.set(message.content, tokens)
    return tokens
  }
}
