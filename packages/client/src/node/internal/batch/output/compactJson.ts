/**
 * Recognizes JSON in the form in which lines are written, several times faster than
 * `JSON.parse`, which makes objects. A text that it does not recognize may be JSON in
 * another form.
 */

/** What a text must continue with. */
const want = { nothing: 0, value: 1, valueOrEnd: 2, keyOrEnd: 3, key: 4, colon: 5, end: 6 } as const

const token = {
  none: 0,
  string: 1,
  /** A number or a word. */
  scalar: 2,
  colon: 3,
  nextItem: 4,
  nextMember: 5,
  openArray: 6,
  openObject: 7,
  closeArray: 8,
  closeObject: 9
} as const

const places = 8

/** What is wanted after a token, by what was wanted before it. */
const next = new Uint8Array(places * 10)

const allow = (
  name: keyof typeof token,
  changes: { readonly [From in keyof typeof want]?: keyof typeof want }
): void => {
  for (const [from, to] of Object.entries(changes)) {
    next[token[name] * places + want[from as keyof typeof want]] = want[to]
  }
}

allow("string", { value: "end", valueOrEnd: "end", key: "colon", keyOrEnd: "colon" })
allow("scalar", { value: "end", valueOrEnd: "end" })
allow("colon", { colon: "value" })
allow("nextItem", { end: "value" })
allow("nextMember", { end: "key" })
allow("openArray", { value: "valueOrEnd", valueOrEnd: "valueOrEnd" })
allow("openObject", { value: "keyOrEnd", valueOrEnd: "keyOrEnd" })
allow("closeArray", { end: "end", valueOrEnd: "end" })
allow("closeObject", { end: "end", keyOrEnd: "end" })

type Tokens = { readonly [character: string]: keyof typeof token }

const tokensOf = (tokens: Tokens): Uint8Array => {
  const found = new Uint8Array(256)
  for (const [character, name] of Object.entries(tokens)) {
    for (const one of character) found[one.charCodeAt(0)] = token[name]
  }
  return found
}

const values: Tokens = { '"': "string", "-0123456789tfn": "scalar", "[": "openArray", "{": "openObject" }
const alone = tokensOf(values)
const inArray = tokensOf({ ...values, ",": "nextItem", "]": "closeArray" })
const inObject = tokensOf({ ...values, ":": "colon", ",": "nextMember", "}": "closeObject" })

const bytesOf = (characters: string): Uint8Array => {
  const found = new Uint8Array(256)
  for (const character of characters) found[character.charCodeAt(0)] = 1
  return found
}

const digits = bytesOf("0123456789")
const hexDigits = bytesOf("0123456789abcdefABCDEF")
const escapes = bytesOf('"\\/bfnrt')
const [quote, backslash, minus, point, zero, unicode] = Buffer.from('"\\-.0u')
/** What stands for itself in a string. */
const plain = new Uint8Array(256).map((_, byte) => (byte < 32 || byte === quote || byte === backslash ? 0 : 1))

const isHex = (bytes: Uint8Array, at: number): boolean =>
  hexDigits[bytes[at] ?? 0] === 1 &&
  hexDigits[bytes[at + 1] ?? 0] === 1 &&
  hexDigits[bytes[at + 2] ?? 0] === 1 &&
  hexDigits[bytes[at + 3] ?? 0] === 1

/** Where a string ends; 0 if it does not. */
const stringEnd = (bytes: Uint8Array, start: number): number => {
  for (let at = start + 1; ;) {
    let byte = bytes[at++] ?? 0
    while (plain[byte] === 1) byte = bytes[at++] ?? 0
    if (byte === quote) return at
    if (byte !== backslash) return 0
    const escaped = bytes[at++] ?? 0
    if (escapes[escaped] === 1) continue
    if (escaped !== unicode || !isHex(bytes, at)) return 0
    at += 4
  }
}

const digitsEnd = (bytes: Uint8Array, start: number): number => {
  let at = start
  while (digits[bytes[at] ?? 0] === 1) at += 1
  return at
}

/** Where a number without an exponent ends; 0 if there is none. */
const numberEnd = (bytes: Uint8Array, at: number): number => {
  const start = bytes[at] === minus ? at + 1 : at
  const end = digitsEnd(bytes, start)
  if (end === start || (bytes[start] === zero && end > start + 1)) return 0
  if (bytes[end] !== point) return end
  const last = digitsEnd(bytes, end + 1)
  return last === end + 1 ? 0 : last
}

const words = ["true", "false", "null"].map((word) => Buffer.from(word))

const wordEnd = (bytes: Uint8Array, at: number): number => {
  const word = words.find(([first]) => first === bytes[at])
  if (word === undefined) return 0
  for (let index = 0; index < word.length; index++) if (bytes[at + index] !== word[index]) return 0
  return at + word.length
}

const scalarEnd = (bytes: Uint8Array, at: number): number => numberEnd(bytes, at) || wordEnd(bytes, at)

/** No array or object is around a place. Each one adds a bit, which is 1 for an object. */
const outermost = 1
const deepest = 2 ** 29

const tokensIn = (path: number): Uint8Array => {
  if (path === outermost) return alone
  return (path & 1) === 1 ? inObject : inArray
}

const pathAfter = (found: number, path: number): number => {
  switch (found) {
    case token.openArray:
      return path * 2
    case token.openObject:
      return path * 2 + 1
    case token.closeArray:
    case token.closeObject:
      return path >> 1
    default:
      return path
  }
}

const endOf = (found: number, bytes: Uint8Array, at: number): number => {
  if (found === token.string) return stringEnd(bytes, at)
  return found === token.scalar ? scalarEnd(bytes, at) : at + 1
}

/** Whether a text is JSON without spaces and exponents that is not nested deeply. Of other JSON it is not known. */
export const isCompactJson = (bytes: Uint8Array): boolean => {
  let wanted: number = want.value
  let path = outermost
  for (let at = 0; at < bytes.length;) {
    const found = tokensIn(path)[bytes[at] ?? 0] ?? token.none
    wanted = next[found * places + wanted] ?? want.nothing
    at = endOf(found, bytes, at)
    path = pathAfter(found, path)
    if (wanted === want.nothing || at === 0 || path > deepest) return false
  }
  return wanted === want.end && path === outermost
}
