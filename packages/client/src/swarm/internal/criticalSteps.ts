/** The steps of a swarm that followed each other. */
import type { AgentReport } from "../SwarmReport.ts"

type Agent = Pick<AgentReport, "id" | "parent" | "stage" | "after" | "steps">

/**
 * For each agent: its own steps, the longest child of each of its stages, and the
 * longest agent that it depends on. The result is the longest of the agents without a parent.
 */
export const criticalSteps = (agents: ReadonlyArray<Agent>): number => {
  const children = Map.groupBy(agents, ({ parent }) => parent)
  const byId = new Map(agents.map((agent) => [agent.id, agent]))
  const known = new Map<string, number>()
  const longest = (several: ReadonlyArray<Agent>): number => several.reduce((most, one) => Math.max(most, of(one)), 0)
  const of = (agent: Agent): number => {
    const before = known.get(agent.id)
    if (before !== undefined) return before
    // A cycle is not possible: plans are checked, and a parent begins before its children.
    const stages = Map.groupBy(children.get(agent.id) ?? [], ({ stage }) => stage)
    const below = [...stages.values()].reduce((sum, stage) => sum + longest(stage), 0)
    const needed = agent.after.flatMap((id) => byId.get(id) ?? [])
    const steps = agent.steps + below + longest(needed)
    known.set(agent.id, steps)
    return steps
  }
  return longest(children.get(undefined) ?? [])
}
