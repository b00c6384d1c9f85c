/**
 * The rules of Moonshot-flavored JSON Schema whose violation fails a request.
 * Keywords that the host does not know are not among them: it ignores them.
 *
 * The reasons are the words of the host. Rules: recorded refusals, and
 * MoonshotAI/walle, `docs/validation-principles.md`, section 2 and `model.go`.
 */
import * as Predicate from "effect/Predicate"
import { isFinite } from "./finiteSchema.ts"
import { resolvePointer } from "./schemaPointer.ts"

export type SchemaNode = { readonly [keyword: string]: unknown }

/** Why the host refuses a schema, and where. */
export interface SchemaProblem {
  /** Path in the schema, such as `properties.unit.items`; empty at the root. */
  readonly path: string
  readonly reason: string
}

const validTypes = new Set<unknown>(["null", "boolean", "object", "array", "number", "integer", "string"])
const reservedNames = new Set(["$defs", "$ref", "anyOf", "required", "additionalProperties"])

const maxPropertyDepth = 30
/** Above what 30 levels of properties need, below what a recursion of this program can take. */
const maxNesting = 200
const maxProperties = 3000
const maxEnumValues = 1000
const maxBranches = 500

const isNode = (value: unknown): value is SchemaNode => Predicate.isObject(value)

const jsonType = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value)

const fits = (value: unknown, type: unknown): boolean =>
  jsonType(value) === type || (type === "integer" && Number.isInteger(value))

const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [value])

const typeReason = ({ type }: SchemaNode): string | undefined => {
  if (typeof type === "string") return validTypes.has(type) ? undefined : "invalid type"
  if (!Array.isArray(type)) return "type must be string or array of strings"
  if (type.length === 0) return "type array cannot be empty"
  return type.every((one) => validTypes.has(one)) ? undefined : "invalid type in type array"
}

const enumReason = (schema: SchemaNode): string | undefined => {
  const values = schema["enum"]
  if (values === undefined) return undefined
  if (!Array.isArray(values)) return "enum must be an array"
  if (values.length === 0) return "enum array cannot be empty"
  if (values.length > maxEnumValues) return `enum array cannot have more than ${maxEnumValues} items`
  const types = listOf(schema["type"])
  const wrong: unknown = values.find((value) => !types.some((type) => fits(value, type)))
  return wrong === undefined
    ? undefined
    : `enum value (${String(wrong)}) does not match any type in [${types.join(", ")}]`
}

const referenceReason = ($ref: unknown, root: SchemaNode): string | undefined => {
  if (typeof $ref !== "string") return "$ref must be a string"
  if (!$ref.startsWith("#")) return "references must start with #/$defs/"
  return isNode(resolvePointer(root, $ref)) ? undefined : `invalid $ref path: ${$ref}`
}

const branchesReason = (anyOf: unknown): string | undefined => {
  if (!Array.isArray(anyOf)) return "anyOf must be an array"
  if (anyOf.length === 0 || anyOf.length > maxBranches) return `anyOf must have 1-${maxBranches} items`
  return anyOf.every(isNode) ? undefined : "schema in anyOf must be an object"
}

const propertiesReason = (properties: unknown): string | undefined => {
  if (!isNode(properties)) return "properties must be an object"
  const reserved = Object.keys(properties).find((name) => reservedNames.has(name))
  if (reserved !== undefined) return `property name '${reserved}' is reserved for JSON Schema keywords`
  const wrong = Object.keys(properties).find((name) => !isNode(properties[name]))
  return wrong === undefined ? undefined : `property schema for '${wrong}' must be an object`
}

const requiredReason = (required: unknown): string | undefined => {
  if (!Array.isArray(required)) return "required must be an array"
  return required.every((name) => typeof name === "string") ? undefined : "items in required array must be strings"
}

/** The rules of single keywords, in the order in which the host reports them. */
const keywordReasons: ReadonlyArray<readonly [keyword: string, reason: (value: unknown) => string | undefined]> = [
  ["description", (value) => (typeof value === "string" ? undefined : "description must be a string")],
  ["properties", propertiesReason],
  ["required", requiredReason],
  ["items", (value) => (isNode(value) ? undefined : "items must be an object")],
  [
    "additionalProperties",
    (value) =>
      typeof value === "boolean" || isNode(value) ? undefined : "additionalProperties must be a boolean or an object"
  ],
  ["pattern", (value) => (typeof value === "string" ? undefined : "pattern must be a string")],
  ["anyOf", branchesReason]
]

const kindReason = (schema: SchemaNode, root: SchemaNode): string | undefined => {
  const hasType = schema["type"] !== undefined
  if (schema["anyOf"] !== undefined) {
    return hasType ? "when using anyOf, type should be defined in anyOf items instead of the parent schema" : undefined
  }
  if (schema["$ref"] !== undefined) {
    return hasType
      ? "when using $ref, type should be defined in the referenced schema instead of the parent schema"
      : referenceReason(schema["$ref"], root)
  }
  return hasType ? (typeReason(schema) ?? enumReason(schema)) : "type is not defined"
}

const reasonOf = (schema: SchemaNode, root: SchemaNode): string | undefined => {
  const kind = kindReason(schema, root)
  if (kind !== undefined) return kind
  for (const [keyword, reasonOfValue] of keywordReasons) {
    const reason = schema[keyword] === undefined ? undefined : reasonOfValue(schema[keyword])
    if (reason !== undefined) return reason
  }
  return undefined
}

interface Inner {
  readonly path: string
  readonly schema: unknown
  /** Whether it is one level of properties deeper. */
  readonly isProperty: boolean
}

const member = (path: string, schema: unknown, isProperty: boolean): Inner => ({ path, schema, isProperty })

/** The schemas directly inside a schema. `additionalProperties: {}` means any value and is not checked. */
const innerSchemas = (schema: SchemaNode): ReadonlyArray<Inner> => {
  const group = (name: string, isProperty: boolean): ReadonlyArray<Inner> =>
    Object.entries(isNode(schema[name]) ? schema[name] : {}).map(([key, inner]) =>
      member(`${name}.${key}`, inner, isProperty)
    )
  const rest = schema["additionalProperties"]
  return [
    ...group("properties", true),
    ...group("$defs", false),
    ...(Array.isArray(schema["anyOf"]) ? schema["anyOf"] : []).map((inner, index) =>
      member(`anyOf.${index}`, inner, false)
    ),
    member("items", schema["items"], false),
    ...(isNode(rest) && Object.keys(rest).length > 0 ? [member("additionalProperties", rest, false)] : [])
  ]
}

interface Walk {
  readonly root: SchemaNode
  properties: number
}

const problemIn = (
  schema: SchemaNode,
  path: string,
  depth: number,
  nesting: number,
  walk: Walk
): SchemaProblem | undefined => {
  if (depth > maxPropertyDepth || nesting > maxNesting) {
    return { path, reason: `schema depth exceeds maximum limit of ${maxPropertyDepth}` }
  }
  const reason = reasonOf(schema, walk.root)
  if (reason !== undefined) return { path, reason }
  for (const inner of innerSchemas(schema)) {
    if (!isNode(inner.schema)) continue
    if (inner.isProperty) walk.properties++
    const at = path === "" ? inner.path : `${path}.${inner.path}`
    const found = problemIn(inner.schema, at, inner.isProperty ? depth + 1 : depth, nesting + 1, walk)
    if (found !== undefined) return found
  }
  return undefined
}

const definitionsProblem = (root: SchemaNode): SchemaProblem | undefined => {
  const definitions = root["$defs"]
  if (definitions === undefined) return undefined
  if (!isNode(definitions)) return { path: "$defs", reason: "$defs must be an object" }
  const name = Object.keys(definitions).find((key) => key.includes("/"))
  return name === undefined
    ? undefined
    : { path: "$defs", reason: `$defs property name '${name}' cannot contain '/' character` }
}

/** The first violation in a schema, or `undefined`. `{}` at the root means any value. */
export const findSchemaProblem = (root: SchemaNode): SchemaProblem | undefined => {
  if (Object.keys(root).length === 0) return undefined
  const walk: Walk = { root, properties: 0 }
  const problem = definitionsProblem(root) ?? problemIn(root, "", 0, 0, walk)
  if (problem !== undefined) return problem
  if (walk.properties > maxProperties) {
    return {
      path: "",
      reason: `total number of properties keys(${walk.properties}) across all objects exceeds maximum limit of ${maxProperties}`
    }
  }
  return isFinite(root) ? undefined : { path: "", reason: "detected infinite recursion without termination condition" }
}
