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

/** Encodes one value with all that it contains. */
class Encoder {
  readonly #options: Options
  readonly #ancestors = new Set<object>()
  /** How many more values may be encoded. */
  #left: number

  constructor(options: Options) {
    this.#options = options
    this.#left = options.limits.maxValues
  }

  readonly encode = (value: unknown): Json => {
    this.#left -= 1
    if (this.#left < 0) return "…"
    switch (typeof value) {
      case "string":
        return this.#options.sanitizeText(value)
      case "number":
        return Number.isFinite(value) ? value : String(value)
      case "boolean":
        return value
      case "bigint":
        return formatBigInt(value)
      case "symbol":
        return this.#options.sanitizeText(String(value))
      case "function":
        return "<function>"
      case "object":
        return value === null ? null : this.#encodeNested(value)
      default:
        return null
    }
  }

  #encodeNested(value: object): Json {
    if (this.#ancestors.has(value)) return "<circular>"
    if (this.#ancestors.size >= this.#options.limits.maxDepth) return "<too deep>"
    this.#ancestors.add(value)
    const encoded = readOrUnreadable(() => this.#encodeObject(value)) as Json
    this.#ancestors.delete(value)
    return encoded
  }

  #encodeObject(value: object): Json {
    const { encodeObject, sanitizeText } = this.#options
    const known = encodeObject(value, this.encode) ?? encodeKnownObject(value, this.encode, sanitizeText)
    if (known !== undefined) return known
    if (Array.isArray(value)) return this.#encodeArray(value)
    if (isInstanceOf(value, Map)) return this.#encodeIterable(value, value.size, (entry) => this.#encodeEntry(entry))
    if (isInstanceOf(value, Set)) return this.#encodeIterable(value, value.size, this.encode)
    if ("toJSON" in value && typeof value.toJSON === "function") return this.encode(value.toJSON())
    return this.#encodeMembers(value)
  }

  #isFull(count: number): boolean {
    return count >= this.#options.limits.maxEntries || this.#left <= 0
  }

  #encodeIterable(values: Iterable<unknown>, size: number, encode: (value: unknown) => Json): Json {
    const encoded: Array<Json> = []
    for (const value of values) {
      if (this.#isFull(encoded.length)) {
        encoded.push(`<${size - encoded.length} more>`)
        break
      }
      encoded.push(encode(value))
    }
    return encoded
  }

  /** By index, since the iterator of an array may be overridden. */
  #encodeArray(array: ReadonlyArray<unknown>): Json {
    const encoded: Array<Json> = []
    for (let i = 0; i < array.length; i++) {
      if (this.#isFull(encoded.length)) {
        encoded.push(`<${array.length - i} more>`)
        break
      }
      encoded.push(this.encode(readOrUnreadable(() => array[i])))
    }
    return encoded
  }

  #encodeEntry(entry: unknown): Json {
    const [key, value] = entry as [unknown, unknown]
    const isHidden = typeof key === "string" && this.#options.isHidden(key)
    return [this.encode(key), isHidden ? hidden : this.encode(value)]
  }

  #encodeMembers(value: object): Json {
    const names = Object.keys(value)
    const encoded: { [name: string]: Json } = {}
    let count = 0
    for (const name of names) {
      if (this.#isFull(count)) {
        encoded["…"] = `<${names.length - count} more>`
        break
      }
      count += 1
      this.#encodeMember(encoded, value, name)
    }
    return encoded
  }

  #encodeMember(encoded: { [name: string]: Json }, value: object, name: string): void {
    const { isHidden, sanitizeName } = this.#options
    if (isHidden(name)) return setMember(encoded, sanitizeName(name), hidden)
    const member = readOrUnreadable((): unknown => Reflect.get(value, name))
    if (member !== undefined) setMember(encoded, sanitizeName(name), this.encode(member))
  }
}

/**
 * Converts a value to JSON.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromUnknown = (input: unknown, options: Options): Json => new Encoder(options).encode(input)

const readOrUnreadable = <A>(read: () => A): A | string => {
  try {
    return read()
  } catch {
    return "<unreadable>"
  }
}
