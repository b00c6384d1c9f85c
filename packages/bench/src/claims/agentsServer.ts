/**
 * A host for agents: it answers each step of an agent but the last with a call
 * of its tool, and fails one attempt in ten with a 500.
 */
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"
import * as Failures from "./failures.ts"
import { agentLatency, agentSteps } from "./workload.ts"

interface Body {
  readonly messages: ReadonlyArray<{ readonly role: string }>
}

const failure = ErrorReply.make(500, "server_error", "the host failed")

const program = (seed: string, agents: number) =>
  Effect.gen(function* () {
    const failures = yield* Failures.make(seed, agents * agentSteps)
    const server = yield* MockServer.make({ validateRequests: false, maxRecordedRequests: 0, latency: agentLatency })
    yield* server.replyAlways(({ body, json }) => {
      const agent = Number(/Review part (\d+)/.exec(body)?.[1])
      const step = (json as Body).messages.filter(({ role }) => role === "assistant").length
      if (failures.isNext(agent * agentSteps + step)) return failure
      return step + 1 < agentSteps
        ? Reply.toolCalls([{ name: "read_part", arguments: { part: `${agent}.${step}` } }])
        : Reply.chatResponse({ content: "The part has no dependency on another." })
    })
    yield* Effect.sync(() => {
      process.on("message", () => process.send?.(failures.received()))
      process.send?.(server.url)
    })
    return yield* Effect.never
  })

const [seed = "", agents = ""] = process.argv.slice(2)
if (process.send !== undefined) Effect.runFork(Effect.scoped(program(seed, Number(agents))))
