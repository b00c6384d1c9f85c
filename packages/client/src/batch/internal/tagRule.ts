/** The rule for tags of errors: one that does not exist would select nothing. */
import { table } from "@kimi-effect/core/ErrorFacts"
import { nearestTo } from "@kimi-effect/core/internal/NearestName"
import type { Rule } from "@kimi-effect/core/internal/OptionRules"

const tagsOf = (given: unknown): ReadonlyArray<unknown> | undefined => {
  if (given === undefined) return []
  return Array.isArray(given) || given instanceof Set ? [...given] : undefined
}

export const tagRule = (name: string, given: unknown): Rule => {
  const tags = tagsOf(given)
  const unknown = tags?.find((tag) => typeof tag !== "string" || !Object.hasOwn(table, tag))
  const nearest = typeof unknown === "string" ? nearestTo(unknown.slice(0, 100), Object.keys(table)) : undefined
  const meant = nearest === undefined ? "" : `; did you mean ${nearest}?`
  return [name, tags !== undefined && unknown === undefined, `a list of error tags, such as "RateLimitError"${meant}`]
}
