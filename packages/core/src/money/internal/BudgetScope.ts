/**
 * The names of the scopes in which money is counted: `total`, `tenant:acme`,
 * `day:2026-11-23/tenant:acme`.
 *
 * @since 0.1.0
 */

const dimensions = ["day", "tenant", "job", "agent"] as const

/**
 * What a scope is kept apart by, in the order in which its name says it.
 *
 * @category models
 * @since 0.1.0
 */
export type Dimension = (typeof dimensions)[number]

/**
 * Every dimension.
 *
 * @category constants
 * @since 0.1.0
 */
export const allDimensions: ReadonlyArray<Dimension> = dimensions

/** A name may hold anything, but not look like two. */
const escapeName = (name: string): string => name.replaceAll(/[%/]/g, encodeURIComponent)

/**
 * The name of a scope that is kept apart by these dimensions.
 *
 * @category conversions
 * @since 0.1.0
 */
export const nameOf = (per: ReadonlyArray<Dimension>, values: { readonly [D in Dimension]: string }): string =>
  per.length === 0
    ? "total"
    : per.map((name) => `${name}:${name === "day" ? values.day : escapeName(values[name])}`).join("/")

const dayPattern = /(^|\/)day:(\d{4}-\d{2}-\d{2})/

/**
 * The scope without its date, such as `day/tenant:acme`; none when its day is
 * another than the given one.
 *
 * @category conversions
 * @since 0.1.0
 */
export const withoutDate = (scope: string, date: string): string | undefined => {
  const [, , found] = dayPattern.exec(scope) ?? []
  return found === undefined ? scope : found === date ? scope.replace(dayPattern, "$1day") : undefined
}

/**
 * Whether every call of the given day counts in the scope.
 *
 * @category guards
 * @since 0.1.0
 */
export const isGlobal = (scope: string, date: string): boolean => scope === "total" || scope === `day:${date}`
