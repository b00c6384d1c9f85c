/** Finds the choices of a body whose host sends another form in place of their list. */
import { isObject, type Members } from "./jsonMembers.ts"

/** Whether an object is a choice, whole or in pieces. */
export const isChoice = (value: Members): boolean =>
  ["message", "delta", "error", "finish_reason"].some((name) => Object.hasOwn(value, name))

/** The entries of a list that was sent as an object with the positions as names. */
const numbered = (value: Members): ReadonlyArray<unknown> | undefined =>
  Object.hasOwn(value, "0") && Object.keys(value).every((name, index) => name === `${index}`)
    ? Object.values(value)
    : undefined

/**
 * The list that a value stands for: itself, the entries of an object of
 * positions, or an only entry; `undefined` for anything else.
 */
export const listOf = (
  value: unknown,
  isEntry: (value: Members) => boolean = isChoice
): ReadonlyArray<unknown> | undefined => {
  if (Array.isArray(value)) return value
  if (!isObject(value)) return undefined
  return numbered(value) ?? (isEntry(value) ? [value] : undefined)
}
