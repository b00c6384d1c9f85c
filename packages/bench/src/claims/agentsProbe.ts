/** Agents with one tool: one after another with the basic client, or as a swarm. Replies with how many finished, and when. */
import { Provider } from "@kimi-effect/client"
import { AgentLoop, ToolSet } from "@kimi-effect/client/agent"
import { Swarm } from "@kimi-effect/client/swarm"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import { model } from "../transport/Contestant.ts"
import { layerOf } from "./clients.ts"
import type { AgentsResult } from "./workload.ts"

const kit = Toolkit.make(
  Tool.make("read_part", {
    description: "Returns the text of a part of the system",
    parameters: Schema.Struct({ part: Schema.String }),
    success: Schema.String
  }).annotate(Tool.Readonly, true)
)

const promptOf = (agent: number): string => `Review part ${agent}`

const oneAfterAnother = (tools: ToolSet.ToolSet, agents: ReadonlyArray<number>) =>
  Effect.map(
    Effect.forEach(agents, (agent) => AgentLoop.run({ tools, prompt: promptOf(agent), request: { model } })),
    (results) => results.filter(({ outcome }) => outcome._tag === "Finished").length
  )

const asSwarm = (tools: ToolSet.ToolSet, agents: ReadonlyArray<number>) =>
  Effect.map(
    Swarm.map({ items: agents, prompt: promptOf, tools, request: { model }, concurrency: agents.length }),
    (swarm) => swarm.agents.filter(({ outcome }) => outcome._tag === "Finished").length
  )

const measure = (client: "v1" | "v2", count: number) =>
  Effect.gen(function* () {
    const tools = yield* ToolSet.make(kit, { provider: Provider.providers.moonshot }).pipe(
      Effect.provide(kit.toLayer({ read_part: ({ part }) => Effect.succeed(`The text of part ${part}.`) }))
    )
    const agents = Array.from({ length: count }, (_, agent) => agent)
    const startedAt = performance.now()
    const finished = yield* client === "v1" ? oneAfterAnother(tools, agents) : asSwarm(tools, agents)
    const result: AgentsResult = { finished, seconds: (performance.now() - startedAt) / 1_000 }
    return result
  })

const [name, baseUrl = "", agents = ""] = process.argv.slice(2)

if (process.send !== undefined) {
  const client = name === "v1" ? "v1" : "v2"
  process.send(await Effect.runPromise(Effect.provide(measure(client, Number(agents)), layerOf(client, baseUrl))))
}
