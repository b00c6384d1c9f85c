/** Redacts secrets in what a cassette records, and finds those that are left. */
import * as Base64 from "effect/encoding/Base64"
import * as Hex from "effect/encoding/Hex"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { RedactionOptions } from "../../cassette/Redaction.ts"
import * as BoundedJson from "./boundedJson.ts"

/** What replaces a secret. */
export const redacted = "<redacted>"

/** Each leaves the text unchanged when it is applied again. All take linear time. */
const defaultPatterns: ReadonlyArray<readonly [RegExp, string]> = [
  // Shorter words after "bearer" occur in prose.
  [/\b(Bearer)\s{1,8}[A-Za-z0-9._~+/=-]{16,}/gi, `$1 ${redacted}`],
  [/\bsk-[A-Za-z0-9_-]{6,}/g, redacted],
  [/\b(org|ak|uid|proj)-[A-Za-z0-9]{6,}/g, `$1-${redacted}`],
  [/:\/\/[^/\s@"'<>\\]{1,256}@/g, `://${redacted}@`]
]

const accountHeaders = ["msh-org-id", "msh-project-id", "msh-uid", "msh-gid"]

/** Request headers whose values are secrets. */
const isSecretHeader = (name: string): boolean =>
  /^(?:authorization|proxy-authorization|cookie)$|api-?key|secret|token|password/.test(name)

/** Shorter values of headers occur in ordinary text. */
const minSecretLength = 8

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)

const utf8 = new TextEncoder()

/** The hexadecimal digits of a secret, in lower and upper case. */
const inHex = (secret: string): ReadonlyArray<string> => {
  const digits = Hex.encode(secret)
  return [digits, digits.toUpperCase()]
}

/**
 * What base64 makes of a secret within a longer text. The bytes before it decide
 * which bits form a character, so there are three results, without the
 * characters that also depend on the bytes around it.
 */
const inBase64 = (secret: string): ReadonlyArray<string> => {
  const bytes = utf8.encode(secret)
  return [0, 1, 2].flatMap((before) => {
    const padded = new Uint8Array(before + bytes.length)
    padded.set(bytes, before)
    const own = Base64.encode(padded).slice(Math.ceil((before * 8) / 6), Math.floor((padded.length * 8) / 6))
    return [own, own.replaceAll("+", "-").replaceAll("/", "_")]
  })
}

const percent = (char: string): string => `%${Hex.encode(char).toUpperCase()}`

/** The secret in a URL or a form, whose encoders differ in some punctuation, in spaces and in the case of digits. */
const inUrl = (secret: string): ReadonlyArray<string> => {
  const encoded = Result.getOrElse(
    Result.try(() => encodeURIComponent(secret)),
    () => secret
  )
  return [encoded, encoded.replace(/[!'()~]/g, percent)].flatMap((text) => {
    const lowerCase = text.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())
    return [text, lowerCase, text.replaceAll("%20", "+"), lowerCase.replaceAll("%20", "+")]
  })
}

/** The secret as it is, and as it is in JSON, in JSON inside JSON, in URLs, in base64 and in hexadecimal digits. */
const encodings = (secret: string): ReadonlyArray<string> => [
  secret,
  inJson(secret),
  inJson(inJson(secret)),
  ...inUrl(secret),
  Base64.encode(secret),
  ...[...inBase64(secret), ...inHex(secret)].filter(({ length }) => length >= minSecretLength)
]

/** The value, the credentials after a scheme, and the values of cookies: each of them is a secret. */
const partsOf = (value: string): ReadonlyArray<string> => [
  value,
  value.trim(),
  value.trim().replace(/^\S+\s+/, ""),
  ...value.split(/[\s;,]+/).flatMap((part) => [part, part.slice(part.indexOf("=") + 1)])
]

const isSecretPart = (part: string): boolean =>
  part.length >= minSecretLength && !/^(?:bearer|basic|digest)$/i.test(part)

/** Part of a text. */
export interface TextRange {
  readonly start: number
  readonly end: number
}

const rangesOf = (text: string, secret: string): ReadonlyArray<TextRange> => {
  const found: Array<TextRange> = []
  for (let start = text.indexOf(secret); start >= 0; start = text.indexOf(secret, start + 1)) {
    found.push({ start, end: start + secret.length })
  }
  return found
}

const merge = (ranges: ReadonlyArray<TextRange>): ReadonlyArray<TextRange> => {
  const merged: Array<TextRange> = []
  for (const range of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1)
    if (last !== undefined && range.start <= last.end) {
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, range.end) }
    } else merged.push(range)
  }
  return merged
}

/** Redacts secrets. It learns those that requests send in their headers. */
export class Redactor {
  readonly #patterns: ReadonlyArray<readonly [RegExp, string]>
  readonly #headers: ReadonlySet<string>
  readonly #secrets = new Set<string>()
  /** Longest first, so that a secret that contains another is replaced as a whole. */
  #searched: ReadonlyArray<string> = []

  constructor({ headers = [], patterns = [], secrets = [] }: RedactionOptions = {}) {
    this.#patterns = [...patterns.map((pattern) => [globalPattern(pattern), redacted] as const), ...defaultPatterns]
    this.#headers = new Set([...accountHeaders, ...headers.map((name) => name.toLowerCase())])
    this.#add(secrets.map((secret) => (typeof secret === "string" ? secret : `${Redacted.value(secret)}`)))
  }

  /** Adds the secrets that a request sends in its headers. */
  learn(headers: { readonly [name: string]: string }): void {
    this.#add(
      Object.entries(headers)
        .filter(([name]) => isSecretHeader(name))
        .flatMap(([, value]) => partsOf(value).filter(isSecretPart))
    )
  }

  /** Redacts a text that is not encoded. */
  text(text: string): string {
    let out = this.#withoutSecrets(text)
    for (const [pattern, replacement] of this.#patterns) out = out.replace(pattern, replacement)
    return out
  }

  /** Redacts the value of a response header. */
  header(name: string, value: string): string {
    return this.#headers.has(name) ? redacted : this.text(value)
  }

  /** Redacts every string of a JSON value, names too, also in JSON texts inside strings. */
  json(value: unknown): unknown {
    if (typeof value === "string") return this.#string(value)
    if (Array.isArray(value)) return value.map((item) => this.json(item))
    if (typeof value !== "object" || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [this.text(name), this.json(inner)]))
  }

  /** Where the secrets of a text are, in order. */
  ranges(text: string): ReadonlyArray<TextRange> {
    if (!this.finds(text)) return []
    const matches = this.#patterns.flatMap(([pattern, replacement]) =>
      [...text.matchAll(pattern)].flatMap(({ 0: match, index }) =>
        // What was redacted before stays.
        match.replace(pattern, replacement) === match ? [] : [{ start: index, end: index + match.length }]
      )
    )
    return merge([...matches, ...this.#searched.flatMap((secret) => rangesOf(text, secret))])
  }

  /** Whether a text that is not encoded contains a secret. */
  finds(text: string): boolean {
    return this.text(text) !== text
  }

  /** Whether a text in any encoding contains a known secret. Patterns do not apply to encoded text. */
  findsKnown(text: string): boolean {
    return this.#searched.some((secret) => text.includes(secret))
  }

  #string(text: string): string {
    const inner = innerJson(text)
    return inner === undefined ? this.text(text) : JSON.stringify(this.json(inner.value))
  }

  #withoutSecrets(text: string): string {
    let out = text
    for (const secret of this.#searched) out = out.replaceAll(secret, redacted)
    return out
  }

  #add(secrets: ReadonlyArray<string>): void {
    const added = secrets.filter((secret) => secret !== "" && !redacted.includes(secret) && !this.#secrets.has(secret))
    if (added.length === 0) return
    for (const secret of added) this.#secrets.add(secret)
    this.#searched = [...new Set([...this.#secrets].flatMap(encodings))].toSorted((a, b) => b.length - a.length)
  }
}

const globalPattern = (pattern: RegExp): RegExp =>
  new RegExp(pattern.source, pattern.flags.includes("g") ? pattern.flags : `${pattern.flags}g`)

/** The JSON object or array in a string, such as the arguments of a tool, when its text can be made from it again. */
const innerJson = (text: string): { readonly value: unknown } | undefined =>
  /^[[{]/.test(text) ? BoundedJson.parseExact(text) : undefined
