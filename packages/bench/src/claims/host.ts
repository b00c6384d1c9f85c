/**
 * A host that answers after a short time and fails one attempt in ten with a
 * 500. Every client has a separate process of it with the same seed, so
 * that the attempts of each call meet the same failures.
 */
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { callIn } from "../retry/Contestant.ts"
import { failureRate, latency } from "./workload.ts"

/** What the host has received. */
export interface Received {
  readonly attempts: number
  /** Calls of which at least one attempt failed. */
  readonly callsWithFailure: number
}

const maxAttempts = 16

const draw = (calls: number) =>
  Effect.gen(function* () {
    const failures = new Uint8Array(calls * maxAttempts)
    for (let i = 0; i < failures.length; i++) failures[i] = (yield* Random.next) < failureRate ? 1 : 0
    return failures
  })

/** A 429 or an overload would also lower the pace of a client that keeps limits, as the scenario `retry` shows. */
const failure = ErrorReply.make(500, "server_error", "the host failed")

const program = (seed: string, calls: number) =>
  Effect.gen(function* () {
    const failures = yield* Random.withSeed(draw(calls), `${seed} failures`)
    const server = yield* MockServer.make({ validateRequests: false, maxRecordedRequests: 0, latency })
    const attempts = new Uint8Array(calls)
    const failed = new Set<number>()
    let received = 0
    yield* server.replyAlways(({ body }) => {
      received++
      const call = callIn(body)
      const attempt = attempts[call] ?? 0
      attempts[call] = (attempt + 1) % maxAttempts
      if (failures[call * maxAttempts + attempt] !== 1) return Reply.defaultReply
      failed.add(call)
      return failure
    })
    yield* Effect.sync(() => {
      // Any message asks for what was received.
      process.on("message", () => {
        const answer: Received = { attempts: received, callsWithFailure: failed.size }
        process.send?.(answer)
      })
      process.send?.(server.url)
    })
    return yield* Effect.never
  })

const [seed = "", calls = ""] = process.argv.slice(2)
if (process.send !== undefined) Effect.runFork(Effect.scoped(program(seed, Number(calls))))
