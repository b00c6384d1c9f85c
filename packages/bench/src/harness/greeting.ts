/** The call of the probes that measure without a host: its request, and the response that it gets at once. */
import { ChatResponse } from "@kimi-effect/core"

export const request = {
  model: "kimi-k3",
  messages: [{ role: "user" as const, content: "Reply with exactly one word: hello." }]
}

/** The response, with a number of generated tokens. */
export const responseOf = (completionTokens: number): ChatResponse =>
  new ChatResponse({
    id: "chatcmpl-6a5a94402c5b15ae3c2ccb5b",
    model: "kimi-k3",
    created: 1784321103,
    choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
    usage: {
      prompt_tokens: 17,
      completion_tokens: completionTokens,
      total_tokens: 17 + completionTokens,
      cached_tokens: 0,
      cache_write_tokens: 0,
      reasoning_tokens: 0
    }
  })

export const response = responseOf(3)
