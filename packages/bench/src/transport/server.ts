/** The server of the transport scenario, in a separate process. */
import { Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"
import { chunkCount, shortChunkCount, type Urls } from "./workloads.ts"

const options: MockServer.Options = { validateRequests: false, maxRecordedRequests: 0 }

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

const streamServer = (chunks: number, eventsPerWrite: number, extra?: Parameters<typeof Reply.sse>[1]) =>
  Effect.tap(MockServer.make({ ...options, chunking: { events: eventsPerWrite } }), (server) =>
    server.replyAlways(Reply.sse(eventsOf(chunks), extra))
  )

const program = Effect.gen(function* () {
  const [chat, batched, unbatched, short, hold] = yield* Effect.all([
    MockServer.make(options),
    streamServer(chunkCount, 32),
    streamServer(chunkCount, 1),
    streamServer(shortChunkCount, 1),
    streamServer(chunkCount, 1, { fault: Fault.StallMidStream({ afterEvents: 2 }) })
  ])
  const urls: Urls = {
    chat: chat.url,
    batched: batched.url,
    unbatched: unbatched.url,
    short: short.url,
    hold: hold.url
  }
  yield* Effect.sync(() => process.send?.(urls))
  return yield* Effect.never
})

if (process.send !== undefined) Effect.runFork(Effect.scoped(program))
