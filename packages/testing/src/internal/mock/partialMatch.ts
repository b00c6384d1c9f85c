/** Whether a value has all members of a partial one. */

/** A value with only some of its members, at any depth. */
export type DeepPartial<A> =
  A extends ReadonlyArray<infer B>
    ? ReadonlyArray<DeepPartial<B>>
    : A extends object
      ? { readonly [K in keyof A]?: DeepPartial<A[K]> | undefined }
      : A

const isRecord = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The items of an array match others in the same order, which may have more between them. */
const matchesInOrder = (actual: ReadonlyArray<unknown>, expected: ReadonlyArray<unknown>): boolean => {
  let position = 0
  for (const item of actual) {
    if (position < expected.length && partialMatch(item, expected[position])) position += 1
  }
  return position === expected.length
}

/** Members that are `undefined` match anything. */
export const partialMatch = (actual: unknown, expected: unknown): boolean => {
  if (Array.isArray(expected)) return Array.isArray(actual) && matchesInOrder(actual, expected)
  if (!isRecord(expected)) return Object.is(actual, expected)
  return (
    isRecord(actual) &&
    Object.entries(expected).every(([name, value]) => value === undefined || partialMatch(actual[name], value))
  )
}
