/**
 * Converts any value to JSON for the log: bounded in size and without hidden
 * members. It never throws: cycles, getters that throw, huge arrays, proxies and
 * unpaired surrogates are replaced by markers.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import * as Redactable from "effect/Redactable"
import * as Redacted from "effect/Redacted"

/**
 * @category models
 * @since 0.1.0
 */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [name: string]: Json }

/**
 * The limits on the size of a value.
 *
 * @category options
 * @since 0.1.0
 */
interface Limits {
  /** Values in total, including nested ones. */
  readonly maxValues: number
  /** Members of one object, or elements of one array. */
  readonly maxEntries: number
  /** Depth of nested objects. */
  readonly maxDepth: number
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly limits: Limits
  /** Truncates and redacts a text. */
  readonly sanitizeText: (text: string) => string
  /** Truncates and redacts the name of a member. */
  readonly sanitizeName: (name: string) => string
  /** Whether the value of a member of this name is hidden. */
  readonly isHidden: (name: string) => boolean
  /** Encodes objects that need special treatment; `inside` encodes their members. */
  readonly encodeObject: (value: object, inside: (value: unknown) => Json) => Json | undefined
}

/** Sets a member, also one named `__proto__`. Objects without a prototype would be slower. */
const setMember = (members: { [name: string]: Json }, name: string, value: Json): void => {
  if (name === "__proto__") {
    Object.defineProperty(members, name, { value, enumerable: true, configurable: true, writable: true })
  } else members[name] = value
}

const redacted = "<redacted>"
const hidden = "<hidden>"
const maxBigInt = 10n ** 300n

const formatBigInt = (value: bigint): string =>
  value < maxBigInt && value > -maxBigInt ? value.toString() : "<a very large integer>"

const isInstanceOf = <T>(value: object, type: abstract new (...args: never) => T): value is T & object =>
  value instanceof type

/** Encodes objects whose own members do not represent them. */
const encodeKnownObject = (
  value: object,
  inside: (value: unknown) => Json,
  text: (text: string) => string
): Json | undefined => {
  if (Redacted.isRedacted(value)) return redacted
  if (Redactable.isRedactable(value)) return inside(Redactable.redact(value))
  if (Option.isOption(value)) return Option.isSome(value) ? inside(value.value) : null
  if (BigDecimal.isBigDecimal(value)) return text(BigDecimal.format(value))
  if (isInstanceOf(value, Date)) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString()
  // User info, query and fragment may be secret.
  if (isInstanceOf(value, URL)) return text(`${value.protocol}//${value.host}${value.pathname}`)
  if (isInstanceOf(value, RegExp)) return text(String(value))
  if (ArrayBuffer.isView(value) || isInstanceOf(value, ArrayBuffer)) return `<${value.byteLength} bytes>`
  return undefined
}

/**
 * Converts a value to JSON.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromUnknown = (
  input: unknown,
  { isHidden, limits, sanitizeName: nameOf, encodeObject, sanitizeText: text }: Options
): Json => {
  const ancestors = new Set<object>()
  let left = limits.maxValues

  const ofIterable = (values: Iterable<unknown>, size: number, show: (value: unknown) => Json): Json => {
    const shown: Array<Json> = []
    for (const value of values) {
      if (shown.length >= limits.maxEntries || left <= 0) {
        shown.push(`<${size - shown.length} more>`)
        break
      }
      shown.push(show(value))
    }
    return shown
  }

  /** By index, since the iterator of an array may be overridden. */
  const ofArray = (array: ReadonlyArray<unknown>): Json => {
    const shown: Array<Json> = []
    for (let i = 0; i < array.length; i++) {
      if (shown.length >= limits.maxEntries || left <= 0) {
        shown.push(`<${array.length - i} more>`)
        break
      }
      shown.push(show(readOrUnreadable(() => array[i])))
    }
    return shown
  }

  const ofMembers = (value: object): Json => {
    const names = Object.keys(value)
    const shown: { [name: string]: Json } = {}
    let count = 0
    for (const name of names) {
      if (count >= limits.maxEntries || left <= 0) {
        shown["…"] = `<${names.length - count} more>`
        break
      }
      count += 1
      if (isHidden(name)) setMember(shown, nameOf(name), hidden)
      else {
        const member = readOrUnreadable((): unknown => Reflect.get(value, name))
        if (member !== undefined) setMember(shown, nameOf(name), show(member))
      }
    }
    return shown
  }

  const ofEntry = (entry: unknown): Json => {
    const [key, value] = entry as [unknown, unknown]
    return [show(key), typeof key === "string" && isHidden(key) ? hidden : show(value)]
  }

  const ofObject = (value: object): Json => {
    const known = encodeObject(value, show) ?? encodeKnownObject(value, show, text)
    if (known !== undefined) return known
    if (Array.isArray(value)) return ofArray(value)
    if (isInstanceOf(value, Map)) return ofIterable(value, value.size, ofEntry)
    if (isInstanceOf(value, Set)) return ofIterable(value, value.size, show)
    if ("toJSON" in value && typeof value.toJSON === "function") return show(value.toJSON())
    return ofMembers(value)
  }

  const ofGuarded = (value: object): Json => {
    if (ancestors.has(value)) return "<circular>"
    if (ancestors.size >= limits.maxDepth) return "<too deep>"
    ancestors.add(value)
    const shown = readOrUnreadable(() => ofObject(value)) as Json
    ancestors.delete(value)
    return shown
  }

  const show = (value: unknown): Json => {
    left -= 1
    if (left < 0) return "…"
    switch (typeof value) {
      case "string":
        return text(value)
      case "number":
        return Number.isFinite(value) ? value : String(value)
      case "boolean":
        return value
      case "bigint":
        return formatBigInt(value)
      case "symbol":
        return text(String(value))
      case "function":
        return "<function>"
      case "object":
        return value === null ? null : ofGuarded(value)
      default:
        return null
    }
  }
  return show(input)
}

const readOrUnreadable = <A>(read: () => A): A | string => {
  try {
    return read()
  } catch {
    return "<unreadable>"
  }
}
