/** References of a document: which definitions refer to themselves, and what takes the place of a reference. */
import * as JsonPointer from "effect/JsonPointer"
import * as Result from "effect/Result"
import { mergeNodes } from "./merge.ts"
import { described } from "./notes.ts"
import { annotations, isNode, type Node, refuse, type Rewriting, type Sent, withoutKeys } from "./Rewriting.ts"

const prefix = /^#\/(?:\$defs|definitions)\/([^/]+)$/

/** Effect encodes the names in references as parts of a URI, other libraries do not. */
const decodedName = (token: string): string =>
  Result.getOrElse(
    Result.try(() => decodeURIComponent(token)),
    () => token
  )

/** The definition that a reference within the document names. */
export const definitionName = ($ref: unknown, definitions: Node): string | undefined => {
  const token = typeof $ref === "string" ? prefix.exec($ref)?.[1] : undefined
  if (token === undefined) return undefined
  return [token, decodedName(token)]
    .map(JsonPointer.unescapeToken)
    .find((name) => Object.hasOwn(definitions, name) && isNode(definitions[name]))
}

/** The definitions that a schema names. Instances, such as enum values, may look like references; a name too many keeps a definition. */
const namesIn = (schema: unknown, definitions: Node): ReadonlySet<string> => {
  const found = new Set<string>()
  const open: Array<unknown> = [schema]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value !== "object" || value === null) continue
    const name = isNode(value) ? definitionName(value["$ref"], definitions) : undefined
    if (name !== undefined) found.add(name)
    for (const inner of Object.values(value)) open.push(inner)
  }
  return found
}

/** The names of the definitions from which a way of references leads back to them. */
export const recursiveDefinitions = (definitions: Node): ReadonlySet<string> => {
  const references = new Map(
    Object.entries(definitions).map(([name, schema]) => [name, namesIn(schema, definitions)] as const)
  )
  const reaches = (start: string): boolean => {
    const seen = new Set<string>()
    const open = [...(references.get(start) ?? [])]
    while (open.length > 0) {
      const name = open.pop()
      if (name === undefined || seen.has(name)) continue
      if (name === start) return true
      seen.add(name)
      open.push(...(references.get(name) ?? []))
    }
    return false
  }
  return new Set([...references.keys()].filter(reaches))
}

/** Names of definitions have no slash at the host; other signs would be ambiguous in a reference. */
const sentName = (name: string, used: ReadonlyMap<string, string>): string => {
  const closest = name.replace(/[^A-Za-z0-9_.-]/g, "_")
  const taken = new Set(used.values())
  let unique = closest
  for (let number = 2; taken.has(unique); number++) unique = `${closest}_${number}`
  return unique
}

const sentReference = (name: string, { used }: Rewriting): string => {
  const known = used.get(name) ?? sentName(name, used)
  used.set(name, known)
  return `#/$defs/${known}`
}

const referenceKeys = new Set(["$ref"])

export const rewriteReference = (node: Node, path: string, state: Rewriting): Sent => {
  const isRoot = node["$ref"] === "#"
  const name = isRoot ? undefined : definitionName(node["$ref"], state.definitions)
  const definition = name === undefined ? undefined : state.definitions[name]
  const siblings = withoutKeys(node, referenceKeys)
  if (name !== undefined && isNode(definition) && !state.recursive.has(name)) {
    const merged = mergeNodes(definition, siblings)
    return "conflict" in merged
      ? refuse(state, path, `${merged.conflict} contradicts the definition ${name}`)
      : state.inner(merged.node, path)
  }
  if (!isRoot && name === undefined) return refuse(state, path, "the reference leads to no definition of the schema")
  const constraint = Object.keys(siblings).find((key) => !annotations.has(key))
  if (constraint !== undefined) return refuse(state, path, `${constraint} next to a reference to a recursive schema`)
  return { $ref: name === undefined ? "#" : sentReference(name, state), ...described(siblings) }
}
