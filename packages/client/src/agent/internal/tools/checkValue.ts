/**
 * Checks arguments against parameters that were given as JSON Schema, which have
 * no codec. It checks what Moonshot-flavored JSON Schema can express; any other
 * keyword is left to the handler.
 */
import * as Equal from "effect/Equal"
import * as Predicate from "effect/Predicate"
import { resolvePointer } from "../../../internal/rules/schemaPointer.ts"

type Node = { readonly [keyword: string]: unknown }

/** Where a value does not match, and what is expected there; never the value. */
export interface Mismatch {
  readonly path: ReadonlyArray<string | number>
  readonly expected: string
}

const isNode = (value: unknown): value is Node => Predicate.isObject(value)

const typeOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value)

const hasType = (value: unknown, type: unknown): boolean =>
  typeOf(value) === type || (type === "integer" && Number.isInteger(value))

const limits: ReadonlyArray<
  readonly [keyword: string, excess: (value: unknown, limit: number) => boolean, words: string]
> = [
  ["minimum", (value, limit) => typeof value === "number" && value < limit, "at least"],
  ["maximum", (value, limit) => typeof value === "number" && value > limit, "at most"],
  ["minLength", (value, limit) => typeof value === "string" && value.length < limit, "a length of at least"],
  // Lengths count characters, which may take two units.
  ["maxLength", (value, limit) => typeof value === "string" && [...value].length > limit, "a length of at most"],
  ["minItems", (value, limit) => Array.isArray(value) && value.length < limit, "a length of at least"],
  ["maxItems", (value, limit) => Array.isArray(value) && value.length > limit, "a length of at most"]
]

const limitMismatch = (value: unknown, schema: Node): string | undefined => {
  for (const [keyword, isExceeded, words] of limits) {
    const limit = schema[keyword]
    if (typeof limit === "number" && isExceeded(value, limit)) return `${words} ${limit}`
  }
  return undefined
}

const ownMismatch = (value: unknown, schema: Node): string | undefined => {
  const { const: constant, enum: values, type } = schema
  const types = Array.isArray(type) ? type : [type]
  if (type !== undefined && !types.some((one) => hasType(value, one))) return types.join(" or ")
  if (Array.isArray(values) && !values.some((one) => Equal.equals(one, value))) return "one of the listed values"
  if (constant !== undefined && !Equal.equals(constant, value)) return "the only value"
  return limitMismatch(value, schema)
}

/** Unions in recursive schemas can multiply, and references can lead in a circle; neither may take for ever. */
const maxSteps = 1_000_000
const maxDepth = 1000

interface Check {
  readonly root: Node
  steps: number
  depth: number
}

type Path = ReadonlyArray<string | number>

const objectMismatch = (value: Node, schema: Node, path: Path, check: Check): Mismatch | undefined => {
  const properties = isNode(schema["properties"]) ? schema["properties"] : {}
  const required: ReadonlyArray<unknown> = Array.isArray(schema["required"]) ? schema["required"] : []
  const missing = required.find((name) => typeof name === "string" && !Object.hasOwn(value, name))
  if (typeof missing === "string") return { path: [...path, missing], expected: "a value" }
  const rest = schema["additionalProperties"]
  for (const [name, inner] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : rest
    const hasPatterns = schema["patternProperties"] !== undefined
    if (known === false && !hasPatterns) return { path: [...path, name], expected: "no such property" }
    const found = mismatch(inner, known, [...path, name], check)
    if (found !== undefined) return found
  }
  return undefined
}

const arrayMismatch = (
  value: ReadonlyArray<unknown>,
  { items, prefixItems }: Node,
  path: Path,
  check: Check
): Mismatch | undefined => {
  if (prefixItems !== undefined) return undefined
  for (const [index, inner] of value.entries()) {
    const found = mismatch(inner, items, [...path, index], check)
    if (found !== undefined) return found
  }
  return undefined
}

const mismatch = (value: unknown, schema: unknown, path: Path, check: Check): Mismatch | undefined => {
  if (!isNode(schema)) return undefined
  check.steps++
  if (check.steps > maxSteps || check.depth >= maxDepth) return { path: [], expected: "a smaller value" }
  check.depth++
  const found = mismatchOf(value, schema, path, check)
  check.depth--
  return found
}

const mismatchOf = (value: unknown, schema: Node, path: Path, check: Check): Mismatch | undefined => {
  const { $ref } = schema
  if (typeof $ref === "string") return mismatch(value, resolvePointer(check.root, $ref), path, check)
  const expected = ownMismatch(value, schema)
  if (expected !== undefined) return { path, expected }
  const branches = schema["anyOf"] ?? schema["oneOf"]
  if (Array.isArray(branches) && !branches.some((branch) => mismatch(value, branch, path, check) === undefined)) {
    return { path, expected: "a value of one of the listed forms" }
  }
  if (Array.isArray(value)) return arrayMismatch(value, schema, path, check)
  return isNode(value) ? objectMismatch(value, schema, path, check) : undefined
}

/** The first place where a value does not match a schema. */
export const findMismatch = (value: unknown, schema: Node): Mismatch | undefined =>
  mismatch(value, schema, [], { root: schema, steps: 0, depth: 0 })
