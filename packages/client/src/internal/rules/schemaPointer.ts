/** Finds what a local reference of a JSON Schema document names. */
import * as JsonPointer from "effect/JsonPointer"

const memberOf = (value: unknown, token: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, token) ? Reflect.get(value, token) : undefined

/** The value at `#` or `#/a/b`; `undefined` where there is none. Moonshot does not decode percent signs. */
export const resolvePointer = (root: unknown, $ref: string): unknown => {
  if ($ref === "#") return root
  if (!$ref.startsWith("#/")) return undefined
  let value = root
  for (const token of $ref.slice(2).split("/")) value = memberOf(value, JsonPointer.unescapeToken(token))
  return value
}
