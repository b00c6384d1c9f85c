/** Merges schemas that all apply (`allOf`, and the keywords next to it) into one. */
import * as Equal from "effect/Equal"
import { isNode, type Node } from "./Rewriting.ts"

/** Patterns cannot be merged into one; the rewrite turns this list into sentences. */
export const notesKey = "~notes"

const lowerBounds = new Set(["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"])
const upperBounds = new Set(["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"])

const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [value])

const mergedType = (left: unknown, right: unknown): unknown => {
  const types = new Set([left, right])
  return types.has("integer") && types.has("number") ? "integer" : undefined
}

/** A property that both describe has to match both. */
const mergedProperties = (left: unknown, right: unknown): unknown => {
  if (!isNode(left) || !isNode(right)) return undefined
  const shared = Object.keys(right).filter((name) => Object.hasOwn(left, name))
  return {
    ...left,
    ...right,
    ...Object.fromEntries(shared.map((name) => [name, { allOf: [left[name], right[name]] }]))
  }
}

const last = (_: unknown, right: unknown): unknown => right

const mergers: { readonly [keyword: string]: (left: unknown, right: unknown) => unknown } = {
  type: mergedType,
  properties: mergedProperties,
  required: (left, right) => [...new Set([...listOf(left), ...listOf(right)])],
  description: (left, right) => `${String(left)} ${String(right)}`,
  [notesKey]: (left, right) => [...listOf(left), ...listOf(right)],
  // The last value describes the place; `mergeNodes` keeps the other pattern.
  pattern: last,
  format: last,
  title: last,
  examples: last,
  default: last
}

/** The value that means both, or `undefined`. */
const mergedValue = (keyword: string, left: unknown, right: unknown): unknown => {
  if (typeof left === "number" && typeof right === "number") {
    if (lowerBounds.has(keyword)) return Math.max(left, right)
    if (upperBounds.has(keyword)) return Math.min(left, right)
  }
  return Equal.equals(left, right)
    ? left
    : Object.hasOwn(mergers, keyword)
      ? mergers[keyword]?.(left, right)
      : undefined
}

/** One schema for both, or the keyword on which they differ. */
export const mergeNodes = (left: Node, right: Node): { readonly node: Node } | { readonly conflict: string } => {
  const merged = new Map<string, unknown>(Object.entries(left))
  for (const [keyword, value] of Object.entries(right)) {
    const both = Object.hasOwn(left, keyword) ? mergedValue(keyword, left[keyword], value) : value
    if (both === undefined) return { conflict: keyword }
    if (keyword === "pattern" && Object.hasOwn(left, keyword) && left[keyword] !== value) {
      merged.set(notesKey, [...listOf(merged.get(notesKey) ?? []), `Matches ${String(left[keyword])}.`])
    }
    merged.set(keyword, both)
  }
  return { node: Object.fromEntries(merged) }
}
