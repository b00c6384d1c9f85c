/** Which definitions of a document refer to themselves. */
import { definitionName, isNode, type Node } from "./Rewriting.ts"

/** The definitions that a schema names directly. Instances, such as enum values, may look like references; a name too many keeps a definition. */
const referencesIn = (schema: unknown): ReadonlySet<string> => {
  const found = new Set<string>()
  const open: Array<unknown> = [schema]
  while (open.length > 0) {
    const value = open.pop()
    if (Array.isArray(value)) open.push(...value)
    else if (isNode(value)) {
      const name = definitionName(value["$ref"])
      if (name !== undefined) found.add(name)
      open.push(...Object.values(value))
    }
  }
  return found
}

/** The names of the definitions from which a way of references leads back to them. */
export const recursiveDefinitions = (definitions: Node): ReadonlySet<string> => {
  const references = new Map(Object.entries(definitions).map(([name, schema]) => [name, referencesIn(schema)] as const))
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
