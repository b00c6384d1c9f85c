/**
 * Rewrites a JSON Schema document as Moonshot-flavored JSON Schema.
 *
 * What the host has no keyword for goes into the description where a model can
 * follow it, and is refused where that would change the shape of the value.
 * Rules: MoonshotAI/walle, `docs/mfjs-spec.md`, `docs/mfjs-walle-vs-draft-2020-12.md`
 * and `docs/validation-principles.md`, at its strictest level.
 */
import type { Json } from "effect/Schema"
import { findSchemaProblem } from "../../../internal/rules/moonshotSchema.ts"
import { rewriteArray, rewriteObject } from "./containers.ts"
import { mergeNodes } from "./merge.ts"
import { boundsOf, countOf, defaultOf, described } from "./notes.ts"
import { definitionName, recursiveDefinitions, rewriteReference } from "./references.ts"
import { isNode, type Node, type Refusal, refuse, type Rewriting, type Sent, withoutKeys } from "./Rewriting.ts"
import { rewriteEnum, rewriteTypes, rewriteUnion } from "./union.ts"

/** Deeper and larger schemas are refused by the host, and come from no person. */
const maxNesting = 100
const maxSchemas = 20_000

/** Keywords that change which values are valid, and that neither the host nor a description can express. */
const inexpressible = [
  "if",
  "then",
  "else",
  "dependentSchemas",
  "dependentRequired",
  "contains",
  "unevaluatedItems",
  "unevaluatedProperties",
  "propertyNames",
  "$dynamicRef"
] as const

/** `{"not": {"type": "null"}}`, which Effect writes for a struct without fields. */
const isEmptyStruct = ({ not }: Node): boolean => isNode(not) && not["type"] === "null"

/** The type of a schema without `type`, where its keywords leave one only. */
const impliedType = (node: Node): string | undefined => {
  if (isNode(node["properties"]) || isNode(node["patternProperties"])) return "object"
  return node["items"] !== undefined || node["prefixItems"] !== undefined ? "array" : undefined
}

const ranges = [
  ["minimum", "maximum"],
  ["minLength", "maxLength"],
  ["minItems", "maxItems"]
] as const

/** The host would drop bounds that leave no value. */
const isEmptyRange = (sent: Sent): boolean =>
  ranges.some(([low, high]) => Number(sent[low] ?? -Infinity) > Number(sent[high] ?? Infinity))

const rewriteTyped = (node: Node, path: string, state: Rewriting): Sent => {
  const sent = rewriteType(node, path, state)
  return isEmptyRange(sent) ? refuse(state, path, "its bounds leave no value") : sent
}

const rewriteType = (node: Node, path: string, state: Rewriting): Sent => {
  const { type } = node
  switch (type) {
    case "object":
      return rewriteObject(node, path, state)
    case "array":
      return rewriteArray(node, path, state)
    case "string": {
      const lengths = { ...countOf(node, "minLength"), ...countOf(node, "maxLength") }
      return { type, ...lengths, ...described(node), ...defaultOf(node) }
    }
    case "number":
    case "integer":
      return { type, ...boundsOf(node), ...described(node), ...defaultOf(node) }
    case "boolean":
    case "null":
      return { type, ...described(node), ...defaultOf(node) }
    case undefined:
      return refuse(state, path, "type is not defined: any value would be valid")
    default:
      return refuse(state, path, `${JSON.stringify(type)} is not a type`)
  }
}

const intersectionKeys = new Set(["allOf"])
const notKeys = new Set(["not"])

/** Merges `allOf` into its parent. */
const rewriteIntersection = (node: Node, path: string, state: Rewriting): Sent => {
  let merged = withoutKeys(node, intersectionKeys)
  for (const member of node["allOf"] as ReadonlyArray<unknown>) {
    const result = isNode(member) ? mergeNodes(merged, member) : { conflict: "allOf" }
    if ("conflict" in result) return refuse(state, path, `schemas that apply together differ in ${result.conflict}`)
    merged = result.node
  }
  return state.inner(merged, path)
}

const rewriteNegation = (node: Node, path: string, state: Rewriting): Sent =>
  isEmptyStruct(node)
    ? rewriteObject(withoutKeys(node, notKeys), path, state)
    : refuse(state, path, "no value is valid, or the host has no word for it (not)")

type Kind = (node: Node, path: string, state: Rewriting) => Sent

/** The first keyword of a schema decides how the others are read. */
const kinds: ReadonlyArray<readonly [applies: (node: Node) => boolean, rewrite: Kind]> = [
  [({ allOf }) => Array.isArray(allOf), rewriteIntersection],
  [({ $ref }) => $ref !== undefined, rewriteReference],
  [({ not }) => not !== undefined, rewriteNegation],
  [({ anyOf, oneOf }) => Array.isArray(anyOf) || Array.isArray(oneOf), rewriteUnion],
  [({ const: value, enum: values }) => values !== undefined || value !== undefined, rewriteEnum],
  [({ type }) => Array.isArray(type), (node, path, state) => rewriteTypes(node, node["type"] as [], path, state)]
]

const rewriteNode: Kind = (node, path, state) => {
  const keyword = inexpressible.find((name) => node[name] !== undefined)
  if (keyword !== undefined) return refuse(state, path, `the host has no ${keyword}`)
  const kind = kinds.find(([applies]) => applies(node))
  return kind === undefined
    ? rewriteTyped({ ...node, type: node["type"] ?? impliedType(node) }, path, state)
    : kind[1](node, path, state)
}

/** Bounds what it visits: definitions that are written in place may multiply. */
const makeState = (definitions: Node): Rewriting => {
  let nesting = 0
  let schemas = 0
  const state: Rewriting = {
    definitions,
    recursive: recursiveDefinitions(definitions),
    used: new Map(),
    refusals: [],
    inner: (node, path) => {
      schemas++
      if (nesting > maxNesting || schemas > maxSchemas) {
        return state.refusals.length > 0 ? {} : refuse(state, path, "the schema is too deep or too large")
      }
      nesting++
      const sent = rewriteNode(node, path, state)
      nesting--
      return sent
    }
  }
  return state
}

/** The recursive definitions that are used. A map also visits what is added while it is visited. */
const definitionsOf = (state: Rewriting): { readonly $defs?: Json } => {
  const written: Array<readonly [string, Json]> = []
  for (const [name, sentName] of state.used) {
    const definition = state.definitions[name]
    if (isNode(definition)) written.push([sentName, state.inner(definition, `$defs.${sentName}`)])
  }
  return written.length === 0 ? {} : { $defs: Object.fromEntries(written) }
}

/** Rewrites a document, or returns what cannot be expressed. */
export const rewrite = (schema: Node, definitions: Node): { readonly schema: Sent } | { readonly refusal: Refusal } => {
  const state = makeState(definitions)
  const name = definitionName(schema["$ref"], definitions)
  const definition = name === undefined ? undefined : definitions[name]
  // The root must be an object itself, so a recursive one is written twice.
  const root = state.inner(isNode(definition) ? definition : schema, "")
  const sent = { ...root, ...definitionsOf(state) }
  const refusal = state.refusals[0] ?? findSchemaProblem(sent)
  return refusal === undefined ? { schema: sent } : { refusal }
}
