/**
 * Paths of members of a JSON value: `messages[0].content`. In a pattern, `[]` is
 * any index, `*` any member, and a pattern includes everything below its member.
 */

/** The steps of a pattern; `undefined` is any step. */
export type Pattern = ReadonlyArray<string | undefined>

/** The path of a member of the value at `path`. */
export const member = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`)

/** The path of an item of the array at `path`. */
export const item = (path: string, index: number): string => `${path}[${index}]`

/** Parses a pattern. */
export const parse = (pattern: string): Pattern =>
  pattern
    .replace(/\[(\d*)\]/g, (_, index: string) => `.${index === "" ? "*" : index}`)
    .split(".")
    .filter((step) => step !== "")
    .map((step) => (step === "*" ? undefined : step))

/** The value without the members that the patterns name. */
export const omit = (value: unknown, patterns: ReadonlyArray<Pattern>): unknown => {
  if (patterns.length === 0 || typeof value !== "object" || value === null) return value
  const kept = Object.entries(value).flatMap(([name, inner]) => {
    const below = patterns.filter(([step]) => step === undefined || step === name).map((pattern) => pattern.slice(1))
    return below.some((pattern) => pattern.length === 0) ? [] : [[name, omit(inner, below)] as const]
  })
  return Array.isArray(value) ? kept.map(([, inner]) => inner) : Object.fromEntries(kept)
}
