/** Whether a finite JSON document can match a recursive schema. */
import * as Predicate from "effect/Predicate"
import { resolvePointer } from "./schemaPointer.ts"

type Node = { readonly [keyword: string]: unknown }

const isNode = (value: unknown): value is Node => Predicate.isObject(value)

/** Whether a schema matches something when the references of which that is known already do. */
const hasInstance = (schema: unknown, known: ReadonlySet<string>): boolean => {
  if (!isNode(schema)) return true
  const { $ref, anyOf, items, minItems, properties, required } = schema
  if (typeof $ref === "string") return known.has($ref)
  if (Array.isArray(anyOf)) return anyOf.some((branch) => hasInstance(branch, known))
  if (typeof minItems === "number" && minItems >= 1 && !hasInstance(items, known)) return false
  if (!Array.isArray(required) || !isNode(properties)) return true
  return required.every((name) => typeof name !== "string" || hasInstance(properties[name], known))
}

const referencesIn = (root: Node): ReadonlySet<string> => {
  const found = new Set<string>()
  const open: Array<unknown> = [root]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value !== "object" || value === null) continue
    if (isNode(value) && typeof value["$ref"] === "string") found.add(value["$ref"])
    for (const inner of Object.values(value)) open.push(inner)
  }
  return found
}

/** Finds the references with an instance, round by round, until a round finds no more. */
export const isFinite = (root: Node): boolean => {
  const open = new Set(referencesIn(root))
  if (open.size === 0) return true
  const known = new Set<string>()
  for (let found = -1; found !== known.size;) {
    found = known.size
    for (const $ref of open) {
      if (!hasInstance(resolvePointer(root, $ref), known)) continue
      known.add($ref)
      open.delete($ref)
    }
  }
  return hasInstance(root, known)
}
