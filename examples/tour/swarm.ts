/** A dozen agents under one budget, with their timeline as a page. */
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { AgentRole, Swarm, SwarmTimeline } from "@kimi-effect/client/swarm"
import { Cost } from "@kimi-effect/core"
import * as Effect from "effect/Effect"
import { clientOf, show } from "./host.ts"

const topics = [
  "rail",
  "road",
  "canals",
  "air",
  "sea",
  "pipelines",
  "bikes",
  "drones",
  "mail",
  "ports",
  "depots",
  "trams"
]

export const swarm = Effect.gen(function* () {
  const { report } = yield* Swarm.map({
    items: topics,
    id: "transport",
    prompt: "Summarize the state of transport by {{item}} in three sentences",
    agent: AgentRole.toProfile(AgentRole.analyst),
    request: { model: "kimi-k3", max_completion_tokens: 4_000 },
    limits: { cost: { amount: "1.00", currency: "USD" } }
  })
  const page = join(mkdtempSync(join(tmpdir(), "kimi-swarm-")), "timeline.html")
  writeFileSync(page, SwarmTimeline.toHtml(report))
  yield* show(
    `${report.agents.length} agents, ${report.speedUp.toFixed(1)} times as fast as one after another, ` +
      `${report.cost.map(Cost.format).join(" + ")}, timeline: ${page}`
  )
}).pipe(Effect.provide(clientOf()))
