/** What programs in JavaScript can pass as a plan. */
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import type { PlanNode } from "../SwarmPlan.ts"
import { invalid, isForm, isObject, isText, issueOfProfile } from "./given.ts"

/** What is wrong with a node, as the member and what it must be. */
const wrongMember = ({
  id,
  inputs,
  prompt,
  result
}: PlanNode): readonly [member: string, expected: string] | undefined => {
  if (!isText(id)) return ["id", "a text that is not empty"]
  if (typeof prompt !== "string" && typeof prompt !== "function")
    return ["prompt", "a text, or a function of the inputs"]
  if (inputs !== undefined && !(isObject(inputs) && Object.values(inputs).every(isForm))) {
    return ["inputs", "an object with the Schemas of the results that it needs, by the ids of their agents"]
  }
  return result === undefined || isForm(result) ? undefined : ["result", "a Schema of Effect"]
}

const issueOfNode = (node: PlanNode, index: number): InvalidRequestError | undefined => {
  const place = `nodes[${index}]`
  if (!isObject(node)) return invalid(place, "an agent, as SwarmPlan.node makes one")
  const wrong = wrongMember(node)
  return wrong === undefined ? issueOfProfile(`${place}.agent`, node.agent) : invalid(`${place}.${wrong[0]}`, wrong[1])
}

/** Checks the agents of a plan before they are read. */
export const check = (nodes: ReadonlyArray<PlanNode>): Effect.Effect<void, InvalidRequestError> =>
  Effect.suspend(() => {
    if (!Array.isArray(nodes)) return Effect.fail(invalid("nodes", "a list of agents, as SwarmPlan.node makes them"))
    for (const [index, node] of nodes.entries()) {
      const issue = issueOfNode(node, index)
      if (issue !== undefined) return Effect.fail(issue)
    }
    return Effect.void
  })
