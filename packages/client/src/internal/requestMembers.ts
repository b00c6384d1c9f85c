/** Members of a request that its schemas do not list: absent values, and members of a particular host. */

import { isObject, type Members } from "./jsonMembers.ts"

/** Lists of a request that mean the same when they are empty as when they are absent. */
const isAbsent = (name: string, value: unknown): boolean =>
  value === null || ((name === "tools" || name === "tool_calls") && Array.isArray(value) && value.length === 0)

/** Removes members that are absent in another form. Most objects have none, and are returned as they are. */
const withoutAbsentMembers = (members: Members): Members => {
  const names = Object.keys(members)
  return names.some((name) => isAbsent(name, members[name]))
    ? Object.fromEntries(Object.entries(members).filter(([name, value]) => !isAbsent(name, value)))
    : members
}

/**
 * Removes `null` and empty lists of tools and tool calls, which other clients
 * send for absent members, from a request and its messages.
 */
export const withoutAbsent = (request: object): object => {
  const members = withoutAbsentMembers(request as Members)
  const messages = members["messages"]
  if (!Array.isArray(messages)) return members
  const present = messages.map((message) => (isObject(message) ? withoutAbsentMembers(message) : message))
  return present.some((message, index) => message !== messages[index]) ? { ...members, messages: present } : members
}

/** Adds the members of `given` that encoding left out. Returns `encoded` if there are none. */
const restore = (given: unknown, encoded: unknown): unknown => {
  if (given === encoded) return encoded
  if (Array.isArray(given) && Array.isArray(encoded)) return restoreList(given, encoded)
  return isObject(given) && isObject(encoded) ? restoreMembers(given, encoded) : encoded
}

const restoreList = (given: ReadonlyArray<unknown>, encoded: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  const restored = encoded.map((value, index) => restore(given[index], value))
  return restored.some((value, index) => value !== encoded[index]) ? restored : encoded
}

const restoreMembers = (given: Members, encoded: Members): Members => {
  let result: Record<string, unknown> | undefined
  for (const [name, value] of Object.entries(given)) {
    const restored = Object.hasOwn(encoded, name) ? restore(value, encoded[name]) : value
    if (restored === undefined || restored === encoded[name]) continue
    result ??= { ...encoded }
    // Defined, not assigned: `__proto__` is a member like any other.
    Object.defineProperty(result, name, { value: restored, enumerable: true, configurable: true, writable: true })
  }
  return result ?? encoded
}

/**
 * A validated request with the members of its messages, parts and tools that
 * only some hosts know, such as `cache_control`. They must be JSON: what cannot
 * be sent throws.
 */
export const withUnknownMembers = <A extends object>(given: object, encoded: A): A => {
  const restored = restore(given, encoded) as A
  if (restored !== encoded) JSON.stringify(restored)
  return restored
}
