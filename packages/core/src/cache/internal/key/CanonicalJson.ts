/**
 * One text for all ways to write the same JSON: members in order, no white
 * space, nothing for what is absent.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"

/**
 * Text that stands for itself among values.
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
 * The text of a value. What JSON cannot say is `null`, as it is there.
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
  /** What of it stands outside of strings. */
  readonly outsideStrings: string
}

const compact = (text: string): CompactJson => {
  let bare = ""
  let outside = ""
  let kept = 0
  let isInside = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isInside) {
      if (code === 0x5c) at++
      else if (code === 0x22) {
        isInside = false
        bare += text.slice(kept, at + 1)
        kept = at + 1
      }
    } else if (code === 0x22 || code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
      bare += text.slice(kept, at)
      outside += text.slice(kept, at)
      isInside = code === 0x22
      kept = isInside ? at : at + 1
    }
  }
  return { text: bare + text.slice(kept), outsideStrings: outside + text.slice(kept) }
}

/** Numbers that JavaScript may not keep apart: with an exponent, or of more than fifteen digits. */
const impreciseNumber = /\d[eE]|\d[\d.]{15}/

/**
 * The text of JSON that is itself given as text: white space and the order of
 * members do not matter, and all else does. Reading JSON forgets some of what
 * was written (`1.0`, a name given twice, the last digits of long numbers);
 * such text is told apart by its characters. So is text that is no JSON.
 *
 * @category conversions
 * @since 0.1.0
 */
export const canonicalizeText = (text: string): RawJson => {
  const parsed = Result.try((): unknown => JSON.parse(text))
  if (Result.isFailure(parsed)) return new RawJson(`!${JSON.stringify(text)}`)
  const written = stringify(parsed.success)
  const { text: bare, outsideStrings: outside } = compact(text)
  // Whatever else is forgotten makes the text shorter or longer.
  const isWhole = written.length === bare.length && !impreciseNumber.test(outside)
  return new RawJson(isWhole ? written : `!${JSON.stringify(bare)}`)
}
