/**
 * Canonical JSON: members in alphabetical order, no white space, no absent
 * members.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"

/**
 * JSON text that is used as it is.
 *
 * @category models
 * @since 0.1.0
 */
export class RawJson {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const stringifyObject = (object: object): string => {
  const parts: Array<string> = []
  for (const [name, value] of Object.entries(object)) {
    if (value !== undefined) parts.push(`${JSON.stringify(name)}:${stringify(value)}`)
  }
  return `{${(parts.length > 1 ? parts.toSorted() : parts).join()}}`
}

/**
 * The canonical text of a value. What JSON cannot express is `null`, as in
 * `JSON.stringify`.
 *
 * @category conversions
 * @since 0.1.0
 */
export const stringify = (value: unknown): string => {
  switch (typeof value) {
    case "string":
      // Lone surrogates are escaped, so that encoding as UTF-8 loses nothing.
      return JSON.stringify(value)
    case "number":
      return Number.isFinite(value) ? `${value}` : "null"
    case "boolean":
      return value ? "true" : "false"
    case "object":
      if (value === null) return "null"
      if (value instanceof RawJson) return value.text
      return Array.isArray(value) ? `[${value.map(stringify).join()}]` : stringifyObject(value)
    default:
      return "null"
  }
}

interface CompactJson {
  /** JSON text without the white space between its tokens. */
  readonly text: string
  /** The part of it outside of strings. */
  readonly outsideStrings: string
}

const compact = (text: string): CompactJson => {
  let compacted = ""
  let outside = ""
  let copiedTo = 0
  let isInString = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isInString) {
      if (code === 0x5c) at++
      else if (code === 0x22) {
        isInString = false
        compacted += text.slice(copiedTo, at + 1)
        copiedTo = at + 1
      }
    } else if (code === 0x22 || code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
      compacted += text.slice(copiedTo, at)
      outside += text.slice(copiedTo, at)
      isInString = code === 0x22
      copiedTo = isInString ? at : at + 1
    }
  }
  return { text: compacted + text.slice(copiedTo), outsideStrings: outside + text.slice(copiedTo) }
}

/** Deeper text would exhaust the stack: models and hosts can nest it without a limit. */
const maxNesting = 256

const isTooDeep = ({ outsideStrings }: CompactJson): boolean => {
  let depth = 0
  for (let at = 0; at < outsideStrings.length; at++) {
    const code = outsideStrings.charCodeAt(at)
    if (code === 0x5b || code === 0x7b) depth++
    else if (code === 0x5d || code === 0x7d) depth--
    if (depth > maxNesting) return true
  }
  return false
}

/** Numbers that JavaScript may not distinguish: with an exponent, or of more than fifteen digits. */
const impreciseNumber = /\d[eE]|\d[\d.]{15}/

/**
 * The canonical form of JSON text: white space and the order of members do not
 * matter, everything else does. Parsing loses details (`1.0`, duplicate names,
 * the last digits of long numbers); such text is compared by its characters,
 * and so is text that is not JSON, or is nested deeper than 256 levels.
 *
 * @category conversions
 * @since 0.1.0
 */
export const canonicalizeText = (text: string): RawJson => {
  const parsed = Result.try((): unknown => JSON.parse(text))
  if (Result.isFailure(parsed)) return new RawJson(`!${JSON.stringify(text)}`)
  const compacted = compact(text)
  if (isTooDeep(compacted)) return new RawJson(`!${JSON.stringify(compacted.text)}`)
  const canonical = stringify(parsed.success)
  // Any other loss makes the text shorter or longer.
  const isLossless = canonical.length === compacted.text.length && !impreciseNumber.test(compacted.outsideStrings)
  return new RawJson(isLossless ? canonical : `!${JSON.stringify(compacted.text)}`)
}
