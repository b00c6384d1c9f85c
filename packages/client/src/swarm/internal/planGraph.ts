/** Checks the graph of a plan, and finds its critical path. */
import { InvalidPlanError } from "@kimi-effect/core/SwarmErrors"
import * as Result from "effect/Result"

/** A node with the nodes that it depends on. */
export interface GraphNode {
  readonly id: string
  readonly after: ReadonlyArray<string>
}

const invalid = (reason: InvalidPlanError["reason"], agents: ReadonlyArray<string>): InvalidPlanError =>
  new InvalidPlanError({ message: `The plan has a problem (${reason}): ${agents.join(", ")}`, reason, agents })

/** Nodes without those whose dependencies are all done, as often as there are some. */
const remaining = (nodes: ReadonlyArray<GraphNode>): ReadonlyArray<GraphNode> => {
  let rest = nodes
  for (;;) {
    const ids = new Set(rest.map(({ id }) => id))
    const blocked = rest.filter(({ after }) => after.some((id) => ids.has(id)))
    if (blocked.length === rest.length) return rest
    rest = blocked
  }
}

/** A cycle in nodes each of which depends on one of them. */
const cycleIn = (nodes: ReadonlyArray<GraphNode>): ReadonlyArray<string> => {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const path: Array<string> = []
  let id = nodes[0]?.id
  while (id !== undefined && !path.includes(id)) {
    path.push(id)
    id = byId.get(id)?.after.find((one) => byId.has(one))
  }
  return id === undefined ? path : path.slice(path.indexOf(id))
}

/** The number of nodes on the longest path from each node to the end of the plan. */
const ranks = (nodes: ReadonlyArray<GraphNode>): ReadonlyMap<string, number> => {
  const followers = new Map<string, Array<string>>()
  for (const { after, id } of nodes) {
    for (const one of after) followers.set(one, [...(followers.get(one) ?? []), id])
  }
  const known = new Map<string, number>()
  const rankOf = (id: string): number => {
    const before = known.get(id)
    if (before !== undefined) return before
    const rank = 1 + (followers.get(id) ?? []).reduce((most, one) => Math.max(most, rankOf(one)), 0)
    known.set(id, rank)
    return rank
  }
  for (const { id } of nodes) rankOf(id)
  return known
}

/** The rank of each node, or what is wrong with the graph. */
export const check = (
  nodes: ReadonlyArray<GraphNode>
): Result.Result<ReadonlyMap<string, number>, InvalidPlanError> => {
  const ids = new Set<string>()
  const duplicates = new Set<string>()
  for (const { id } of nodes) {
    if (ids.has(id)) duplicates.add(id)
    ids.add(id)
  }
  if (duplicates.size > 0) return Result.fail(invalid("duplicate agent", [...duplicates]))
  const unknown = nodes.flatMap(({ after }) => after.filter((id) => !ids.has(id)))
  if (unknown.length > 0) return Result.fail(invalid("unknown agent", [...new Set(unknown)]))
  const rest = remaining(nodes)
  return rest.length === 0 ? Result.succeed(ranks(nodes)) : Result.fail(invalid("cycle", cycleIn(rest)))
}
