/**
 * A host that fails three times in ten, in four equally frequent ways: a 429 with
 * the text of a limit that is not enforced, a 500, a 503 for an overloaded engine,
 * and a connection that is reset before the headers. Every contestant has a
 * separate server with the same seed, and the attempts of each call fail in the
 * same way for all of them.
 */
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { callIn } from "./Contestant.ts"

const failureRate = 0.3

/** With this seed as many calls meet three resets as on average: 4 of 5,000, and 2 of the first 2,000. */
const seed = 33

/** Calls and attempts of each whose replies are drawn before the server starts. */
const maxCalls = 5_000
const maxAttempts = 16

const failures = [
  ErrorReply.table.limitRpm,
  ErrorReply.make(500, "server_error", "the host failed"),
  ErrorReply.make(503, "engine_overloaded_error", "The engine is currently overloaded, please try again later"),
  Reply.faulty(Fault.ResetBeforeHeaders())
] as const

const draw = Effect.gen(function* () {
  const replies: Array<Reply.Reply> = []
  for (let i = 0; i < maxCalls * maxAttempts; i++) {
    replies.push((yield* Random.next) < failureRate ? yield* Random.choice(failures) : Reply.defaultReply)
  }
  return replies
})

const program = Effect.gen(function* () {
  const replies = yield* Random.withSeed(draw, seed)
  const server = yield* MockServer.make({ validateRequests: false, maxRecordedRequests: 0 })
  let received = 0
  const attempts = new Uint8Array(maxCalls)
  yield* server.replyAlways(({ body }) => {
    received++
    const call = callIn(body)
    const attempt = attempts[call] ?? 0
    attempts[call] = attempt + 1
    return replies[call * maxAttempts + attempt] ?? Reply.defaultReply
  })
  yield* Effect.sync(() => {
    // Any message asks for the number of attempts.
    process.on("message", () => process.send?.(received))
    process.send?.(server.url)
  })
  return yield* Effect.never
})

if (process.send !== undefined) Effect.runFork(Effect.scoped(program))
