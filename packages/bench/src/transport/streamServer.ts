/** Servers of streams of a given length. */
import { Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"

export const options: MockServer.Options = { validateRequests: false, maxRecordedRequests: 0 }

const chunk = (delta: object, rest: object = {}): string =>
  JSON.stringify({
    id: "chatcmpl-6a5a94402c5b15ae3c2ccb5b",
    object: "chat.completion.chunk",
    created: 1784321103,
    model: "kimi-k3",
    choices: [{ index: 0, delta, finish_reason: null, ...rest }],
    system_fingerprint: "fpv0_0d4e787e"
  })

const usageOf = (chunks: number) => ({ prompt_tokens: 113, completion_tokens: chunks, total_tokens: 113 + chunks })

const eventsOf = (chunks: number): ReadonlyArray<string> => [
  chunk({ role: "assistant", content: "" }),
  ...Array.from({ length: chunks }, (_, i) => chunk({ content: ` word${i}` })),
  chunk({}, { finish_reason: "stop", usage: usageOf(chunks) }),
  "[DONE]"
]

/** A server whose responses are streams of so many content chunks. */
export const streamServer = (chunks: number, eventsPerWrite: number, extra?: Parameters<typeof Reply.sse>[1]) =>
  Effect.tap(MockServer.make({ ...options, chunking: { events: eventsPerWrite } }), (server) =>
    server.replyAlways(Reply.sse(eventsOf(chunks), extra))
  )
