/**
 * A host that fails three times in ten, by a seed: with 500, 503 and Kimi's 429
 * for an overloaded engine. Every contestant has a separate server with the same
 * seed.
 *
 * Connections that break after the request was sent are not included, since by
 * default these are retried only once, because they may have been billed.
 */
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

const failureRate = 0.3

/** Replies drawn before the server starts; enough for every attempt of a run. */
const replyCount = 100_000

const failures = [
  ErrorReply.make(500, "server_error", "the host failed"),
  ErrorReply.make(503, "server_unavailable", "the host is not there"),
  ErrorReply.table.engineOverloaded
] as const

const draw = Effect.gen(function* () {
  const replies: Array<Reply.Reply> = []
  for (let i = 0; i < replyCount; i++) {
    replies.push((yield* Random.next) < failureRate ? yield* Random.choice(failures) : Reply.defaultReply)
  }
  return replies
})

const program = Effect.gen(function* () {
  const replies = yield* Random.withSeed(draw, "three in ten")
  const server = yield* MockServer.make({ validateRequests: false, maxRecordedRequests: 0 })
  let next = 0
  yield* server.replyAlways(() => replies[next++ % replyCount] ?? Reply.defaultReply)
  yield* Effect.sync(() => process.send?.(server.url))
  return yield* Effect.never
})

if (process.send !== undefined) Effect.runFork(Effect.scoped(program))
