/**
 * Builders of responses, usage and stream events.
 */
import { ChatResponse } from "../../src/models/ChatResponse.ts"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import type { Usage } from "../../src/models/Usage.ts"

type Members = ConstructorParameters<typeof ChatResponse>[0]

/** Usage with the given members; tokens that are not given are zero. */
export const usageOf = (members: Partial<Usage>): Usage => {
  const { completion_tokens = 0, prompt_tokens = 0 } = members
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    cached_tokens: 0,
    cache_write_tokens: 0,
    reasoning_tokens: 0,
    ...members
  }
}

/** A complete response of kimi-k3 with one choice and no usage. */
export const responseOf = (text = "hello", members: Partial<Members> = {}): ChatResponse =>
  new ChatResponse({
    id: "chatcmpl-1",
    model: "kimi-k3",
    created: 1,
    choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }],
    ...members
  })

export const textDelta = (text: string, choice = 0): StreamEvent => ({ _tag: "TextDelta", choice, text })

/** The last event of a complete stream with one choice. */
export const finish: StreamEvent = { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
