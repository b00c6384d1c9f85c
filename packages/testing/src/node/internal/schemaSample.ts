/** Makes a value of a JSON Schema, for responses to requests that ask for one. */
import type * as Schema from "effect/Schema"

type Node = { readonly [keyword: string]: unknown }

/** Optional parts of a recursive schema are left out below this depth. */
const maxDepth = 8

const nodeOf = (value: unknown): Node => (typeof value === "object" && value !== null ? (value as Node) : {})

const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

const numberOf = ({ exclusiveMinimum, maximum, minimum }: Node): number => {
  if (typeof minimum === "number") return minimum
  if (typeof exclusiveMinimum === "number") return exclusiveMinimum + 1
  return typeof maximum === "number" ? Math.min(1, maximum) : 1
}

const textOf = ({ maxLength, minLength }: Node): string => {
  const text = typeof minLength === "number" ? "sample".padEnd(minLength, ".") : "sample"
  return typeof maxLength === "number" ? text.slice(0, maxLength) : text
}

const objectOf = (node: Node, definitions: Node, depth: number): Schema.Json => {
  const required = new Set(listOf(node["required"]))
  const members = Object.entries(nodeOf(node["properties"])).filter(([name]) => depth < maxDepth || required.has(name))
  return Object.fromEntries(members.map(([name, inner]) => [name, sampleOf(inner, definitions, depth + 1)]))
}

const arrayOf = (node: Node, definitions: Node, depth: number): Schema.Json => {
  const least = typeof node["minItems"] === "number" ? node["minItems"] : 0
  const length = depth < maxDepth ? Math.max(1, least) : least
  return Array.from({ length }, () => sampleOf(node["items"], definitions, depth + 1))
}

const sampleOf = (schema: unknown, definitions: Node, depth: number): Schema.Json => {
  // A schema that requires itself has no finite value.
  if (depth > 4 * maxDepth) return null
  const node = nodeOf(schema)
  const reference = typeof node["$ref"] === "string" ? node["$ref"] : undefined
  if (reference !== undefined) return sampleOf(definitions[reference.replace(/^.*\//, "")], definitions, depth + 1)
  const [choice] = listOf(node["anyOf"])
  if (choice !== undefined) return sampleOf(choice, definitions, depth + 1)
  const [value] = listOf(node["enum"])
  if (value !== undefined) return value as Schema.Json
  switch (node["type"]) {
    case "object":
      return objectOf(node, definitions, depth)
    case "array":
      return arrayOf(node, definitions, depth)
    case "number":
    case "integer":
      return numberOf(node)
    case "string":
      return textOf(node)
    case "boolean":
      return true
    default:
      return null
  }
}

/** A value that the schema accepts, with all of its properties. */
export const schemaSample = (schema: unknown): Schema.Json => sampleOf(schema, nodeOf(nodeOf(schema)["$defs"]), 0)
