/** One agent for each item. */
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Result from "effect/Result"
import type { MapOptions } from "../SwarmOptions.ts"
import type { PlanNode } from "../SwarmPlan.ts"
import { invalid, isForm, issueOfProfile } from "./given.ts"
import * as Template from "./template.ts"

/** The text of an item; none for one that JSON has no form for. */
const textOf = (item: unknown): string | undefined =>
  typeof item === "string" ? item : (JSON.stringify(item) as string | undefined)

const issueOf = <A, R>({ agent, items, prompt, result }: MapOptions<A, R>): InvalidRequestError | undefined => {
  if (!Array.isArray(items)) return invalid("items", "a list, with one item for each agent")
  if (typeof prompt !== "string" && typeof prompt !== "function") {
    return invalid("prompt", "a function, or a text with {{item}}")
  }
  if (result !== undefined && !isForm(result)) return invalid("result", "a Schema of Effect")
  return (typeof prompt === "string" ? Template.issueOf(prompt) : undefined) ?? issueOfProfile("agent", agent)
}

/** The prompt of an item. A function that throws fails before anything is sent. */
const promptOf = <A, R>(
  { prompt }: MapOptions<A, R>,
  item: A,
  index: number
): Result.Result<string, InvalidRequestError> => {
  const failed = (what: string) =>
    new InvalidRequestError({ message: `The prompt of item ${index + 1} ${what}`, parameter: "prompt" })
  return Result.flatMap(
    Result.try({
      try: (): unknown => {
        if (typeof prompt !== "string") return prompt(item, index)
        const text = textOf(item)
        return text === undefined ? undefined : Template.apply(prompt, text)
      },
      catch: () => failed("threw")
    }),
    (text) => (typeof text === "string" ? Result.succeed(text) : Result.fail(failed("is no text")))
  )
}

/** The agents of a map. */
export const mapNodes = <A, R>(
  options: MapOptions<A, R>
): Result.Result<ReadonlyArray<PlanNode>, InvalidRequestError> =>
  Result.gen(function* () {
    const issue = issueOf(options)
    if (issue !== undefined) return yield* Result.fail(issue)
    const { agent, items, result } = options
    const nodes: Array<PlanNode> = []
    for (const [index, item] of items.entries()) {
      nodes.push({ id: `item ${index + 1}`, agent, prompt: yield* promptOf(options, item, index), result })
    }
    return nodes
  })
