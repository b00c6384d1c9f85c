/**
 * A host that answers after a short time and fails one attempt in ten with a
 * 500. Every client has a separate process of it with the same seed, so
 * that the attempts of each call meet the same failures.
 */
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"
import { callIn } from "../retry/Contestant.ts"
import * as Failures from "./failures.ts"
import { latency } from "./workload.ts"

/** A 429 or an overload would also lower the pace of a client that keeps limits, as the scenario `retry` shows. */
const failure = ErrorReply.make(500, "server_error", "the host failed")

const program = (seed: string, calls: number) =>
  Effect.gen(function* () {
    const failures = yield* Failures.make(seed, calls)
    const server = yield* MockServer.make({ validateRequests: false, maxRecordedRequests: 0, latency })
    yield* server.replyAlways(({ body }) => (failures.isNext(callIn(body)) ? failure : Reply.defaultReply))
    yield* Effect.sync(() => {
      // Any message asks for what was received.
      process.on("message", () => process.send?.(failures.received()))
      process.send?.(server.url)
    })
    return yield* Effect.never
  })

const [seed = "", calls = ""] = process.argv.slice(2)
if (process.send !== undefined) Effect.runFork(Effect.scoped(program(seed, Number(calls))))
