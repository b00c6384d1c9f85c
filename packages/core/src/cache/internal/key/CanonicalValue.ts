/**
 * The same text for values that are equal by their members, for any order of
 * these. For what JSON can express it is canonical JSON; other values have
 * texts that no JSON has.
 *
 * @since 0.1.0
 */

const entry = (key: unknown, value: unknown): string => `${stringify(key)}:${stringify(value)}`

const stringifyObject = (object: object): string => {
  if (Array.isArray(object)) return `[${object.map(stringify).join()}]`
  if (object instanceof Map)
    return `Map{${[...object]
      .map(([key, value]) => entry(key, value))
      .toSorted()
      .join()}}`
  if (object instanceof Set) return `Set[${[...object].map(stringify).toSorted().join()}]`
  if (ArrayBuffer.isView(object)) {
    return `Bytes[${new Uint8Array(object.buffer, object.byteOffset, object.byteLength).join()}]`
  }
  if ("toJSON" in object && typeof object.toJSON === "function") return stringify(object.toJSON())
  const members = Object.entries(object).filter(([, value]) => value !== undefined)
  return `{${members
    .map(([name, value]) => entry(name, value))
    .toSorted()
    .join()}}`
}

/**
 * The text of a value. Functions and symbols have none.
 *
 * @category conversions
 * @since 0.1.0
 */
export const stringify = (value: unknown): string => {
  switch (typeof value) {
    case "string":
      // Lone surrogates come out escaped, so that the text loses nothing as UTF-8.
      return JSON.stringify(value)
    case "number":
      return Object.is(value, -0) ? "0" : `${value}`
    case "bigint":
      return `${value}n`
    case "boolean":
    case "undefined":
      return `${value}`
    case "object":
      return value === null ? "null" : stringifyObject(value)
    default:
      throw new TypeError(`A ${typeof value} cannot be part of a cache key: use data instead`)
  }
}
