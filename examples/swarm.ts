/** One agent for each topic, with its events as they arise, and a timeline of the swarm. */
import { KimiNode } from "@kimi-effect/client/node"
import { AgentRole, Swarm, type SwarmEvent, SwarmTimeline } from "@kimi-effect/client/swarm"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const print = (event: SwarmEvent.SwarmEvent): Effect.Effect<void> => {
  switch (event._tag) {
    case "AgentStarted":
      return Console.log(`${event.agent} starts`)
    case "Requeued":
      return Console.log(`${event.agent} waits ${event.waitMillis} ms: ${event.reason}`)
    case "AgentFinished":
      return Console.log(`${event.agent}: ${event.error ?? event.outcome}`)
    case "Finished": {
      const { report } = event.result
      const page = SwarmTimeline.toHtml(report)
      return Console.log(
        `${report.steps} steps, ${report.criticalSteps} on the critical path; a page of ${page.length} characters`
      )
    }
    default:
      return Effect.void
  }
}

const program = Swarm.mapStream({
  items: ["rail freight", "inland shipping", "air freight"],
  prompt: "Summarize the state of {{item}} in three sentences",
  agent: AgentRole.toProfile(AgentRole.analyst),
  request: { model: "kimi-k3", max_completion_tokens: 4_000 },
  limits: { cost: { amount: "1.00", currency: "USD" }, duration: "10 minutes" }
}).pipe(Stream.runForEach(print), Effect.provide(KimiNode.layerConfig()))

await Effect.runPromise(program)
