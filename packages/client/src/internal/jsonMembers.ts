/** Access to the members of JSON objects that are not decoded by a schema. */

/** The members of a JSON object. */
export type Members = { readonly [member: string]: unknown }

/** Whether a value is a JSON object, and no array. */
export const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Whether a member is absent or `null`. */
export const isNullish = (value: unknown): value is null | undefined => value === null || value === undefined

/** A member of the body itself, never of its prototype. */
export const own = (body: Members, name: string): unknown => (Object.hasOwn(body, name) ? body[name] : undefined)

/** The type of a value, for messages that must not contain the value itself. */
export const kindOf = (value: unknown): string =>
  Array.isArray(value) ? "an array" : typeof value === "object" ? "an object" : `a ${typeof value}`

/** Members with values; the others are left out, as optional members of the schemas are. */
export const present = <A extends object>(members: A): { readonly [K in keyof A]?: NonNullable<A[K]> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => !isNullish(value))) as {
    readonly [K in keyof A]?: NonNullable<A[K]>
  }
