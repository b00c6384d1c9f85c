/**
 * Rewrites a JSON Schema document as Moonshot-flavoured JSON Schema.
 *
 * What the host has no keyword for goes into the description where a model can
 * follow it, and is refused where that would change the shape of the value.
 * Rules: MoonshotAI/walle, `docs/mfjs-spec.md`, `docs/mfjs-walle-vs-draft-2020-12.md`
 * and `docs/validation-principles.md`, at its strictest level.
 */
import * as Equal from "effect/Equal"
import type { Json } from "effect/Schema"
import { mergeNodes } from "./merge.ts"
import { boundsOf, defaultOf, described, isPlainNumber } from "./notes.ts"
import { recursiveDefinitions } from "./references.ts"
import {
  definitionName,
  isNode,
  join,
  type Node,
  type Refusal,
  refuse,
  type Rewriting,
  type Sent
} from "./Rewriting.ts"

/** Property names that the host takes for keywords. */
const reservedNames = new Set(["$defs", "$ref", "anyOf", "required", "additionalProperties"])

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

const withoutKeys = (node: Node, ...keys: ReadonlyArray<string>): Node =>
  Object.fromEntries(Object.entries(node).filter(([key]) => !keys.includes(key)))

const typeOfValue = (value: unknown): string | undefined => {
  if (value === null) return "null"
  if (Array.isArray(value)) return "array"
  return typeof value === "undefined" ? undefined : typeof value
}

/** The type of a schema without `type`, where its keywords leave one only. */
const impliedType = (node: Node): string | undefined => {
  if (isNode(node["properties"]) || isNode(node["patternProperties"])) return "object"
  if (node["items"] !== undefined || node["prefixItems"] !== undefined) return "array"
  return undefined
}

/** Effect's form of a number that may be infinite, which no model writes. */
const isNumberEncoding = (branches: ReadonlyArray<unknown>): boolean => {
  const [number, words] = branches
  return (
    branches.length === 2 &&
    isNode(number) &&
    number["type"] === "number" &&
    isNode(words) &&
    Array.isArray(words["enum"]) &&
    words["enum"].length === 3 &&
    words["enum"].includes("NaN")
  )
}

/** `{"not": {"type": "null"}}`, which Effect writes for a struct without fields. */
const isEmptyStruct = ({ not }: Node): boolean => isNode(not) && not["type"] === "null"

const rewriteReference = (node: Node, path: string, state: Rewriting): Sent => {
  const name = definitionName(node["$ref"])
  const definition = name === undefined || !Object.hasOwn(state.definitions, name) ? undefined : state.definitions[name]
  if (name === undefined || !isNode(definition)) {
    return refuse(state, path, "the reference leads to no definition of the schema")
  }
  const beside = withoutKeys(node, "$ref")
  if (!state.recursive.has(name)) {
    const merged = mergeNodes(definition, beside)
    return "conflict" in merged
      ? refuse(state, path, `${merged.conflict} contradicts the definition ${name}`)
      : rewriteNode(merged.node, path, state)
  }
  const constraint = Object.keys(beside).find((key) => key !== "description" && key !== "title" && key !== "examples")
  if (constraint !== undefined) {
    return refuse(state, path, `${constraint} beside a reference to the recursive definition ${name}`)
  }
  state.used.add(name)
  return { $ref: `#/$defs/${name}`, ...described(beside) }
}

const rewriteUnion = (node: Node, path: string, state: Rewriting): Sent => {
  const keyword = Array.isArray(node["anyOf"]) ? "anyOf" : "oneOf"
  const branches: ReadonlyArray<unknown> = node[keyword] as ReadonlyArray<unknown>
  const beside = withoutKeys(node, "anyOf", "oneOf", "type")
  if (isNumberEncoding(branches)) return rewriteNode({ ...beside, type: "number" }, path, state)
  const constraint = Object.keys(beside).find((key) => !annotations.has(key))
  if (constraint !== undefined) return refuse(state, path, `${constraint} beside a union`)
  const [only] = branches
  if (branches.length === 1 && isNode(only)) {
    const merged = mergeNodes(only, beside)
    if ("node" in merged) return rewriteNode(merged.node, path, state)
  }
  const rewritten = branches.flatMap((branch, index) => {
    const at = join(path, `${keyword}.${index}`)
    const sent = isNode(branch) ? rewriteNode(branch, at, state) : refuse(state, at, "a branch is not a schema")
    // A union in a union means the same without the inner one.
    return Array.isArray(sent["anyOf"]) && sent["description"] === undefined
      ? (sent["anyOf"] as ReadonlyArray<Sent>)
      : [sent]
  })
  const note = node["default"] === undefined ? [] : [`Default: ${JSON.stringify(node["default"])}.`]
  return { anyOf: mergedEnums(rewritten) as ReadonlyArray<Json>, ...described(beside, ...note) }
}

const annotations = new Set([
  "description",
  "title",
  "examples",
  "default",
  "readOnly",
  "writeOnly",
  "deprecated",
  "$comment",
  "~notes"
])

const isBareEnum = (branch: Sent): boolean =>
  Object.keys(branch).every((key) => key === "type" || key === "enum") && "enum" in branch

/** Joins the enums of one type: the number of branches is limited. */
const mergedEnums = (branches: ReadonlyArray<Sent>): ReadonlyArray<Sent> => {
  const out: Array<Sent> = []
  for (const branch of branches) {
    const at = isBareEnum(branch) ? out.findIndex((other) => isBareEnum(other) && other["type"] === branch["type"]) : -1
    const other = out[at]
    if (other === undefined) out.push(branch)
    else {
      const values = [...(other["enum"] as ReadonlyArray<Json>), ...(branch["enum"] as ReadonlyArray<Json>)]
      out[at] = { ...other, enum: [...new Set(values)] }
    }
  }
  return out
}

const rewriteEnum = (node: Node, path: string, state: Rewriting): Sent => {
  const values: ReadonlyArray<unknown> = Array.isArray(node["enum"]) ? node["enum"] : [node["const"]]
  const types = [...new Set(values.map(typeOfValue))]
  const beside = withoutKeys(node, "enum", "const", "type")
  if (types.length === 0) return refuse(state, path, "an enum without values")
  if (types.length > 1) {
    const anyOf = types.map((type) => ({ enum: values.filter((value) => typeOfValue(value) === type) }))
    return rewriteUnion({ ...beside, anyOf }, path, state)
  }
  switch (types[0]) {
    case "string":
      return { type: "string", enum: values as ReadonlyArray<Json>, ...described(beside), ...defaultOf(beside) }
    case "number": {
      if (!values.every(isPlainNumber)) return refuse(state, path, "an enum value in scientific notation")
      const type = node["type"] === "integer" ? "integer" : "number"
      return { type, enum: values as ReadonlyArray<Json>, ...described(beside), ...defaultOf(beside) }
    }
    case "boolean":
      return {
        type: "boolean",
        ...described(beside, values.length === 1 ? `Always ${String(values[0])}.` : ""),
        ...defaultOf(beside)
      }
    case "null":
      return { type: "null", ...described(beside) }
    default:
      return refuse(state, path, "an enum value that is neither a text nor a number")
  }
}

const rewriteArray = (node: Node, path: string, state: Rewriting): Sent => {
  const prefix: ReadonlyArray<unknown> = Array.isArray(node["prefixItems"]) ? node["prefixItems"] : []
  const items = node["items"] === undefined || typeof node["items"] === "boolean" ? prefix[0] : node["items"]
  // Places of one schema are an array of it with at least that many items, as in `NonEmptyArray`.
  if (prefix.some((place) => !Equal.equals(place, items))) {
    return refuse(state, path, "a tuple: use a struct, or an array of one schema")
  }
  const bounds = {
    ...countOf(node, "minItems"),
    ...countOf(node, "maxItems"),
    ...(prefix.length > 0 && node["items"] === false ? { maxItems: prefix.length } : {})
  }
  const rest = { ...bounds, ...described(node), ...defaultOf(node) }
  if (isNode(items)) return { type: "array", items: rewriteNode(items, join(path, "items"), state), ...rest }
  return items === undefined
    ? { type: "array", ...rest }
    : refuse(state, join(path, "items"), "items is not one schema")
}

const countOf = (node: Node, keyword: string): { readonly [keyword: string]: number } =>
  Number.isInteger(node[keyword]) ? { [keyword]: node[keyword] as number } : {}

/** The schema of the keys that `properties` does not name. */
const additional = (
  node: Node,
  path: string,
  state: Rewriting
): { readonly additionalProperties?: Json; readonly note: string } => {
  const patterns = isNode(node["patternProperties"]) ? Object.entries(node["patternProperties"]) : []
  const [only] = patterns
  if (only !== undefined) {
    const [pattern, schema] = only
    if (patterns.length > 1 || isNode(node["additionalProperties"]) || !isNode(schema)) {
      refuse(state, path, "keys of several patterns: use one record")
      return { note: "" }
    }
    const rewritten = rewriteNode(schema, join(path, "additionalProperties"), state)
    return { additionalProperties: rewritten, note: `Keys match ${pattern}.` }
  }
  const given = node["additionalProperties"]
  if (typeof given === "boolean") return { additionalProperties: given, note: "" }
  if (!isNode(given)) return { note: "" }
  // `{}` means any value, like its absence.
  if (Object.keys(given).length === 0) return { additionalProperties: true, note: "" }
  return { additionalProperties: rewriteNode(given, join(path, "additionalProperties"), state), note: "" }
}

const rewriteObject = (node: Node, path: string, state: Rewriting): Sent => {
  const properties: Array<readonly [string, Json]> = []
  for (const [name, schema] of Object.entries(isNode(node["properties"]) ? node["properties"] : {})) {
    const at = join(path, `properties.${name}`)
    if (reservedNames.has(name)) refuse(state, at, `the host reserves the name ${name}: rename the property`)
    else if (name === "") refuse(state, at, "a property without a name")
    else if (isNode(schema)) properties.push([name, rewriteNode(schema, at, state)])
    else refuse(state, at, "the schema of a property is not an object")
  }
  const names = new Set(properties.map(([name]) => name))
  const required = (Array.isArray(node["required"]) ? node["required"] : []).filter((name) => names.has(name))
  const { additionalProperties, note } = additional(node, path, state)
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    ...(required.length === 0 ? {} : { required: [...new Set(required as ReadonlyArray<string>)] }),
    ...(additionalProperties === undefined ? {} : { additionalProperties }),
    ...described(node, note),
    ...defaultOf(node)
  }
}

const rewriteTyped = (node: Node, path: string, state: Rewriting): Sent => {
  switch (node["type"]) {
    case "object":
      return rewriteObject(node, path, state)
    case "array":
      return rewriteArray(node, path, state)
    case "string": {
      const lengths = { ...countOf(node, "minLength"), ...countOf(node, "maxLength") }
      return { type: "string", ...lengths, ...described(node), ...defaultOf(node) }
    }
    case "number":
    case "integer":
      return { type: node["type"], ...boundsOf(node), ...described(node), ...defaultOf(node) }
    case "boolean":
    case "null":
      return { type: node["type"], ...described(node), ...defaultOf(node) }
    default:
      return refuse(state, path, `${JSON.stringify(node["type"])} is not a type`)
  }
}

/** Merges `allOf` into its parent. */
const rewriteIntersection = (node: Node, path: string, state: Rewriting): Sent => {
  let merged = withoutKeys(node, "allOf")
  for (const member of node["allOf"] as ReadonlyArray<unknown>) {
    const result = isNode(member) ? mergeNodes(merged, member) : { conflict: "allOf" }
    if ("conflict" in result) return refuse(state, path, `schemas that apply together differ in ${result.conflict}`)
    merged = result.node
  }
  return rewriteNode(merged, path, state)
}

const rewriteNode = (node: Node, path: string, state: Rewriting): Sent => {
  const keyword = inexpressible.find((name) => node[name] !== undefined)
  if (keyword !== undefined) return refuse(state, path, `the host has no ${keyword}`)
  if (Array.isArray(node["allOf"])) return rewriteIntersection(node, path, state)
  if (node["$ref"] !== undefined) return rewriteReference(node, path, state)
  if (isEmptyStruct(node)) return rewriteObject(withoutKeys(node, "not"), path, state)
  if (node["not"] !== undefined) return refuse(state, path, "no value is valid, or the host has no word for it (not)")
  if (Array.isArray(node["anyOf"]) || Array.isArray(node["oneOf"])) return rewriteUnion(node, path, state)
  if (node["enum"] !== undefined || node["const"] !== undefined) return rewriteEnum(node, path, state)
  if (Array.isArray(node["type"])) {
    const [only] = node["type"]
    if (node["type"].length === 1) return rewriteNode({ ...node, type: only }, path, state)
    const beside = Object.fromEntries(Object.entries(node).filter(([key]) => annotations.has(key)))
    const own = withoutKeys(node, ...annotations)
    return rewriteUnion({ ...beside, anyOf: node["type"].map((type) => ({ ...own, type })) }, path, state)
  }
  const type = node["type"] ?? impliedType(node)
  if (type === undefined) return refuse(state, path, "type is not defined: any value would be valid")
  return rewriteTyped({ ...node, type }, path, state)
}

/** Rewrites a document, or says what cannot be expressed. */
export const rewrite = (schema: Node, definitions: Node): { readonly schema: Sent } | { readonly refusal: Refusal } => {
  const recursive = recursiveDefinitions(definitions)
  const state: Rewriting = { definitions, recursive, used: new Set(), refusals: [] }
  const rootName = definitionName(schema["$ref"])
  const isRecursiveRoot = rootName !== undefined && recursive.has(rootName) && isNode(definitions[rootName])
  // The root must be an object itself, so a recursive one is written twice.
  const root = rewriteNode(isRecursiveRoot ? (definitions[rootName] as Node) : schema, "", state)
  const written: Array<readonly [string, Json]> = []
  // A set also visits what is added while it is visited.
  for (const name of state.used) {
    const definition = definitions[name]
    const at = `$defs.${name}`
    if (!isNode(definition)) refuse(state, at, "the definition is not a schema")
    else written.push([name, rewriteNode(definition, at, state)])
  }
  const [refusal] = state.refusals
  if (refusal !== undefined) return { refusal }
  return { schema: written.length === 0 ? root : { ...root, $defs: Object.fromEntries(written) } }
}
