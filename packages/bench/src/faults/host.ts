/** The hosts of one contestant: a server for each fault and repetition, so that no call affects another. */
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"
import { callIn } from "../retry/Contestant.ts"
import { answer, type FaultCase, faults, faultyCall } from "./faults.ts"

const serve = ({ reply }: FaultCase, at: number, attempts: Array<number>) =>
  Effect.gen(function* () {
    const server = yield* MockServer.make({ validateRequests: false, maxRecordedRequests: 0, chunking: { events: 1 } })
    attempts[at] = 0
    yield* server.replyAlways(({ body }) => {
      if (callIn(body) !== faultyCall) return answer
      attempts[at] = (attempts[at] ?? 0) + 1
      return attempts[at] === 1 ? reply : answer
    })
    return server.url
  })

const program = (repetitions: number) =>
  Effect.gen(function* () {
    const attempts: Array<number> = []
    const hosts = Array.from({ length: repetitions }, () => faults).flat()
    const urls = yield* Effect.forEach(hosts, (fault, at) => serve(fault, at, attempts))
    yield* Effect.sync(() => {
      // Any message asks for the attempts at each host.
      process.on("message", () => process.send?.(attempts))
      process.send?.(urls)
    })
    return yield* Effect.never
  })

if (process.send !== undefined) Effect.runFork(Effect.scoped(program(Number(process.argv[2]))))
