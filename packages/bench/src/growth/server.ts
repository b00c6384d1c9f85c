/** The servers of the growth scenario, in one separate process. */
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"
import { options, streamServer } from "../transport/streamServer.ts"
import { chunks, type Urls } from "./points.ts"

const program = Effect.gen(function* () {
  const chat = yield* MockServer.make(options)
  const streams = yield* Effect.forEach(chunks, (count) => streamServer(count, 1))
  const urls: Urls = { chat: chat.url, streams: streams.map(({ url }) => url) }
  yield* Effect.sync(() => process.send?.(urls))
  return yield* Effect.never
})

if (process.send !== undefined) Effect.runFork(Effect.scoped(program))
