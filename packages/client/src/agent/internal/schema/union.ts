/** Unions and enums: the host has `anyOf`, and enums of texts or of numbers. */
import type { Json } from "effect/Schema"
import { mergeNodes } from "./merge.ts"
import { defaultOf, described, isPlainNumber } from "./notes.ts"
import { annotations, isNode, join, type Node, refuse, type Rewriting, type Sent, withoutKeys } from "./Rewriting.ts"

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

const isBareEnum = (branch: Sent): boolean => "enum" in branch && Object.keys(branch).length === 2

/** Joins the enums of one type: the number of branches is limited. */
const joinedEnums = (branches: ReadonlyArray<Sent>): ReadonlyArray<Sent> => {
  const out: Array<Sent> = []
  for (const branch of branches) {
    const at = isBareEnum(branch) ? out.findIndex((one) => isBareEnum(one) && one["type"] === branch["type"]) : -1
    const other = out[at]
    if (other === undefined) out.push(branch)
    else {
      const values = [...(other["enum"] as ReadonlyArray<Json>), ...(branch["enum"] as ReadonlyArray<Json>)]
      out[at] = { ...other, enum: [...new Set(values)] }
    }
  }
  return out
}

const unionKeys = new Set(["anyOf", "oneOf"])

/** A union in a union means the same without the inner one. */
const flattened = (sent: Sent): ReadonlyArray<Sent> =>
  Array.isArray(sent["anyOf"]) && sent["description"] === undefined ? (sent["anyOf"] as ReadonlyArray<Sent>) : [sent]

export const rewriteUnion = (node: Node, path: string, state: Rewriting): Sent => {
  const keyword = Array.isArray(node["anyOf"]) ? "anyOf" : "oneOf"
  const branches = node[keyword] as ReadonlyArray<unknown>
  const siblings = withoutKeys(node, unionKeys)
  if (node["anyOf"] !== undefined && node["oneOf"] !== undefined) return refuse(state, path, "oneOf next to anyOf")
  if (branches.length === 0) return refuse(state, path, "a union without branches")
  if (isNumberEncoding(branches)) return state.inner({ ...siblings, type: "number" }, path)
  // What stands next to a union applies to each branch.
  const constraints = withoutKeys(siblings, annotations)
  const merged = branches.map((branch) => (isNode(branch) ? mergeNodes(constraints, branch) : { conflict: keyword }))
  const sent = merged.flatMap((branch, index) => {
    const at = join(path, `${keyword}.${index}`)
    return "conflict" in branch
      ? [refuse(state, at, `${branch.conflict} contradicts what stands next to the union`)]
      : flattened(state.inner(branch.node, at))
  })
  const [only, ...others] = joinedEnums(sent)
  const notes = node["default"] === undefined ? [] : [`Default: ${JSON.stringify(node["default"])}.`]
  const description = described(siblings, ...notes)
  if (only !== undefined && others.length === 0)
    return { ...only, ...described({ ...only, ...prefixed(description, only) }) }
  return { anyOf: [only, ...others] as ReadonlyArray<Sent>, ...description }
}

/** The description of a place and that of its only branch. */
const prefixed = ({ description }: { readonly description?: string }, only: Sent): Node =>
  description === undefined
    ? {}
    : { description: typeof only["description"] === "string" ? `${description} ${only["description"]}` : description }

/** One branch for each of several types, with the keywords that stand next to them. */
export const rewriteTypes = (node: Node, types: ReadonlyArray<unknown>, path: string, state: Rewriting): Sent => {
  const [only] = types
  if (types.length === 1) return state.inner({ ...node, type: only }, path)
  const own = withoutKeys(node, annotations)
  const siblings = Object.fromEntries(Object.entries(node).filter(([key]) => annotations.has(key)))
  return rewriteUnion({ ...siblings, anyOf: types.map((type) => ({ ...own, type })) }, path, state)
}

const typeOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value)

/** Effect gives the literal `null` the type `object`. */
const fits = (value: unknown, type: unknown): boolean =>
  type === undefined ||
  typeOf(value) === type ||
  (type === "integer" && Number.isInteger(value)) ||
  (type === "object" && value === null)

const enumKeys = new Set(["enum", "const", "type"])

export const rewriteEnum = (node: Node, path: string, state: Rewriting): Sent => {
  const values: ReadonlyArray<unknown> = Array.isArray(node["enum"]) ? node["enum"] : [node["const"]]
  const allowed: ReadonlyArray<unknown> = Array.isArray(node["type"]) ? node["type"] : [node["type"]]
  const wrong = values.find((value) => !allowed.some((type) => fits(value, type)))
  if (wrong !== undefined) return refuse(state, path, `an enum value does not match the type ${allowed.join(", ")}`)
  const types = [...new Set(values.map(typeOf))]
  const siblings = withoutKeys(node, enumKeys)
  if (types.length === 0) return refuse(state, path, "an enum without values")
  if (types.length > 1) {
    const anyOf = types.map((type) => ({ enum: values.filter((value) => typeOf(value) === type) }))
    return rewriteUnion({ ...siblings, anyOf }, path, state)
  }
  return rewriteValues(types[0], values, { ...siblings, type: node["type"] }, path, state)
}

const rewriteValues = (
  type: string | undefined,
  values: ReadonlyArray<unknown>,
  node: Node,
  path: string,
  state: Rewriting
): Sent => {
  const siblings = withoutKeys(node, enumKeys)
  switch (type) {
    case "string":
      return { type, enum: values as ReadonlyArray<Json>, ...described(siblings), ...defaultOf(siblings) }
    case "number": {
      if (!values.every(isPlainNumber)) return refuse(state, path, "an enum value in scientific notation")
      const sentType = node["type"] === "integer" ? "integer" : "number"
      return { type: sentType, enum: values as ReadonlyArray<Json>, ...described(siblings), ...defaultOf(siblings) }
    }
    case "boolean":
      return {
        type,
        ...described(siblings, values.length === 1 ? `Always ${String(values[0])}.` : ""),
        ...defaultOf(siblings)
      }
    case "null":
      return { type, ...described(siblings) }
    default:
      return refuse(state, path, "an enum value that is neither a text nor a number")
  }
}
