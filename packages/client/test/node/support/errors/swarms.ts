/** Errors of swarms, by tag. */
import { QuotaExceededError } from "@kimi-effect/core/RateLimitErrors"
import { MockProvider, Reply, Script } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Swarm from "../../../../src/swarm/Swarm.ts"

const nodes = ["a", "a"].map((id) => ({ id, prompt: "Go" }))

const at = (script: Script.Script) => Effect.provide(MockProvider.layerClient({ script }))

const assigning = Reply.toolCalls([{ name: "assign_task", arguments: { agent: "ghost", prompt: "Go" } }], {
  reasoning: "Hm"
})

export const swarms = {
  AgentLimitError: Effect.flip(Swarm.plan(nodes, { limits: { agents: 1 } })).pipe(at(["Never"])),
  InvalidPlanError: Effect.flip(Swarm.plan(nodes)).pipe(at(["Never"])),
  DepthLimitError: Effect.flip(Swarm.run("Go", { limits: { depth: 0 } })).pipe(at(["Never"])),
  UnknownAgentError: Swarm.stream("Go").pipe(
    Stream.runCollect,
    Effect.map((events) => {
      const refused = events.find((event) => event._tag === "PlanRefused")
      if (refused === undefined) throw new Error("Nothing was refused")
      return refused.error
    }),
    at([assigning, "Done"])
  ),
  SwarmSuspendedError: Swarm.map({ items: ["a"], prompt: "{{item}}" }).pipe(
    Effect.map(({ outcome }) => {
      if (outcome._tag !== "Suspended") throw new Error("The swarm is not suspended")
      return outcome.error
    }),
    at([new QuotaExceededError({ message: "Pay first" })])
  )
}
