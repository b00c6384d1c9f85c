/** Names of tools at a host that restricts them. */

/** Source: Moonshot's API reference. `RequestCheck` refuses other names. */
const validName = /^[a-zA-Z_][a-zA-Z0-9_-]{0,255}$/

/** A name that has to change satisfies the older tool-use guide too. */
const maxLength = 64
const minLength = 3

const closestName = (name: string): string => {
  const replaced = name.replace(/[^a-zA-Z0-9_-]/g, "_")
  const started = /^[a-zA-Z_]/.test(replaced) ? replaced : `_${replaced}`
  return started.slice(0, maxLength).padEnd(minLength, "_")
}

const numbered = (name: string, taken: ReadonlySet<string>): string => {
  for (let number = 2; ; number++) {
    const suffix = `_${number}`
    const candidate = name.slice(0, maxLength - suffix.length) + suffix
    if (!taken.has(candidate)) return candidate
  }
}

/**
 * A valid and different name for each of these different names, in their order.
 * Valid names stay; what is made of the others depends on the list alone, so that
 * the same tools are the same prefix of a prompt.
 */
export const hostNames = (names: ReadonlyArray<string>): ReadonlyArray<string> => {
  const taken = new Set(names.filter((name) => validName.test(name)))
  return names.map((name) => {
    if (validName.test(name)) return name
    const closest = closestName(name)
    const unique = taken.has(closest) ? numbered(closest, taken) : closest
    taken.add(unique)
    return unique
  })
}
