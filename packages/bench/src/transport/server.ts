/** The server of the transport scenario, in a separate process. */
import { Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"

/** Base URLs by kind of response. */
export interface Urls {
  readonly chat: string
  readonly stream: string
  readonly hold: string
}

/** Content chunks of one stream. */
export const chunkCount = 1_000

const options: MockServer.Options = { validateRequests: false, maxRecordedRequests: 0, chunking: { events: 10 } }

const chunk = (delta: object, rest: object = {}): string =>
  JSON.stringify({
    id: "chatcmpl-6a5a94402c5b15ae3c2ccb5b",
    object: "chat.completion.chunk",
    created: 1784321103,
    model: "kimi-k3",
    choices: [{ index: 0, delta, finish_reason: null, ...rest }],
    system_fingerprint: "fpv0_0d4e787e"
  })

const usage = { prompt_tokens: 113, completion_tokens: 1_000, total_tokens: 1_113 }

const events = [
  chunk({ role: "assistant", content: "" }),
  ...Array.from({ length: chunkCount }, (_, i) => chunk({ content: ` word${i}` })),
  chunk({}, { finish_reason: "stop", usage }),
  "[DONE]"
]

const program = Effect.gen(function* () {
  const [chat, stream, hold] = yield* Effect.all([
    MockServer.make(options),
    MockServer.make(options),
    MockServer.make({ ...options, chunking: { events: 1 } })
  ])
  yield* stream.replyAlways(Reply.sse(events))
  yield* hold.replyAlways(Reply.sse(events, { fault: Fault.StallMidStream({ afterEvents: 2 }) }))
  const urls: Urls = { chat: chat.url, stream: stream.url, hold: hold.url }
  yield* Effect.sync(() => process.send?.(urls))
  return yield* Effect.never
})

if (process.send !== undefined) Effect.runFork(Effect.scoped(program))
