/** Merges schemas that all apply (`allOf`, and the keywords beside it) into one. */
import * as Equal from "effect/Equal"
import { isNode, type Node } from "./Rewriting.ts"

/** Patterns and notes cannot be merged into one value; the rewrite turns the lists into sentences. */
export const notesKey = "~notes"

const lowerBounds = new Set(["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"])
const upperBounds = new Set(["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"])

const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [value])

const mergedType = (left: unknown, right: unknown): unknown => {
  const types = new Set([left, right])
  return types.size === 2 && types.has("integer") && types.has("number") ? "integer" : undefined
}

/** The value that means both, or `undefined`. */
const mergedValue = (keyword: string, left: unknown, right: unknown): unknown => {
  if (Equal.equals(left, right)) return left
  if (typeof left === "number" && typeof right === "number") {
    if (lowerBounds.has(keyword)) return Math.max(left, right)
    if (upperBounds.has(keyword)) return Math.min(left, right)
    return undefined
  }
  switch (keyword) {
    case "type":
      return mergedType(left, right)
    case "description":
      return `${String(left)} ${String(right)}`
    case "required":
      return [...new Set([...listOf(left), ...listOf(right)])]
    case "pattern":
    case "format":
    case "title":
    case "examples":
    case "default":
      // What is said last describes the place; patterns are kept apart by `mergeNodes`.
      return right
    case "properties":
      return isNode(left) && isNode(right) && Object.keys(left).every((name) => !Object.hasOwn(right, name))
        ? { ...left, ...right }
        : undefined
    default:
      return undefined
  }
}

/** One schema for both, or the keyword on which they differ. */
export const mergeNodes = (left: Node, right: Node): { readonly node: Node } | { readonly conflict: string } => {
  const node: Record<string, unknown> = { ...left }
  for (const [keyword, value] of Object.entries(right)) {
    if (!Object.hasOwn(left, keyword)) {
      node[keyword] = value
      continue
    }
    if (keyword === "pattern") {
      node[notesKey] = [...listOf(node[notesKey] ?? []), `Matches ${String(left[keyword])}.`]
    }
    const merged =
      keyword === notesKey ? [...listOf(left[keyword]), ...listOf(value)] : mergedValue(keyword, left[keyword], value)
    if (merged === undefined) return { conflict: keyword }
    node[keyword] = merged
  }
  return { node }
}
