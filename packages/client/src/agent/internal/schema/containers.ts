/** Arrays and objects. */
import * as Equal from "effect/Equal"
import type { Json } from "effect/Schema"
import { countOf, defaultOf, described } from "./notes.ts"
import { isNode, join, type Node, refuse, type Rewriting, type Sent } from "./Rewriting.ts"

/** Property names that the host takes for keywords. */
const reservedNames = new Set(["$defs", "$ref", "anyOf", "required", "additionalProperties"])

export const rewriteArray = (node: Node, path: string, state: Rewriting): Sent => {
  const prefix: ReadonlyArray<unknown> = Array.isArray(node["prefixItems"]) ? node["prefixItems"] : []
  const items = node["items"] === undefined || typeof node["items"] === "boolean" ? prefix[0] : node["items"]
  // Places of one schema are an array of it, as in `NonEmptyArray`.
  if (prefix.some((place) => !Equal.equals(place, items))) {
    return refuse(state, path, "a tuple: use a struct, or an array of one schema")
  }
  const rest = {
    ...countOf(node, "minItems"),
    ...countOf(node, "maxItems"),
    ...(node["items"] === false ? { maxItems: prefix.length } : {}),
    ...described(node),
    ...defaultOf(node)
  }
  if (isNode(items)) return { type: "array", items: state.inner(items, join(path, "items")), ...rest }
  return items === undefined
    ? { type: "array", ...rest }
    : refuse(state, join(path, "items"), "items is not one schema")
}

interface Additional {
  readonly additionalProperties?: Json
  readonly note?: string
}

/** Keys of one pattern are keys of any name with a sentence about them. */
const patternProperties = (node: Node, patterns: Node, path: string, state: Rewriting): Additional => {
  const [first, ...others] = Object.entries(patterns)
  const [pattern, schema] = first ?? []
  const hasMore = others.length > 0 || isNode(node["additionalProperties"])
  if (pattern === undefined || hasMore || !isNode(schema)) {
    refuse(state, path, "keys of several patterns: use one record")
    return {}
  }
  return {
    additionalProperties: state.inner(schema, join(path, "additionalProperties")),
    note: `Keys match ${pattern}.`
  }
}

/** The schema of the keys that `properties` does not name. */
const additional = (node: Node, path: string, state: Rewriting): Additional => {
  const patterns = node["patternProperties"]
  if (isNode(patterns) && Object.keys(patterns).length > 0) return patternProperties(node, patterns, path, state)
  const given = node["additionalProperties"]
  if (typeof given === "boolean") return { additionalProperties: given }
  if (!isNode(given)) return {}
  // `{}` means any value, like its absence.
  if (Object.keys(given).length === 0) return { additionalProperties: true }
  return { additionalProperties: state.inner(given, join(path, "additionalProperties")) }
}

const propertiesOf = (node: Node, path: string, state: Rewriting): ReadonlyArray<readonly [string, Json]> =>
  Object.entries(isNode(node["properties"]) ? node["properties"] : {}).map(([name, schema]) => {
    const at = join(path, `properties.${name}`)
    if (reservedNames.has(name)) return [name, refuse(state, at, `the host reserves the name ${name}: rename it`)]
    if (name === "") return [name, refuse(state, at, "a property without a name")]
    return [name, isNode(schema) ? state.inner(schema, at) : refuse(state, at, "the property has no schema")]
  })

export const rewriteObject = (node: Node, path: string, state: Rewriting): Sent => {
  const properties = propertiesOf(node, path, state)
  const names = new Set<unknown>(properties.map(([name]) => name))
  const required: ReadonlyArray<unknown> = Array.isArray(node["required"]) ? node["required"] : []
  const undeclared = required.find((name) => !names.has(name))
  if (undeclared !== undefined) refuse(state, path, `the required property ${String(undeclared)} is not described`)
  const { note = "", ...rest } = additional(node, path, state)
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    ...(required.length === 0 ? {} : { required: [...new Set(required as ReadonlyArray<string>)] }),
    ...rest,
    ...described(node, note),
    ...defaultOf(node)
  }
}
