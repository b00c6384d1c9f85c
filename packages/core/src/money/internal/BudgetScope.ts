/**
 * The names of budget scopes: `total`, `tenant:acme`,
 * `day:2026-11-23/tenant:acme`.
 *
 * @since 0.1.0
 */

const dimensions = ["day", "tenant", "job", "agent"] as const

/**
 * A dimension of a scope, in the order of its name.
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

/** A name may contain any text, but must not read as two names. */
const escapeName = (name: string): string => name.replaceAll(/[%/]/g, encodeURIComponent)

/**
 * The name of a scope with these dimensions.
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
 * The scope without its date, such as `day/tenant:acme`; `undefined` if it has
 * another date than the given one.
 *
 * @category conversions
 * @since 0.1.0
 */
export const withoutDate = (scope: string, date: string): string | undefined => {
  const [, , found] = dayPattern.exec(scope) ?? []
  if (found === undefined) return scope
  return found === date ? scope.replace(dayPattern, "$1day") : undefined
}

/**
 * Whether every call on the given day counts in the scope.
 *
 * @category guards
 * @since 0.1.0
 */
export const isGlobal = (scope: string, date: string): boolean => scope === "total" || scope === `day:${date}`
