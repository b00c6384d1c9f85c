/** The server of the transport scenario, in a separate process. */
import { Fault } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"
import { options, streamServer } from "./streamServer.ts"
import { chunkCount, shortChunkCount, type Urls } from "./workloads.ts"

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
