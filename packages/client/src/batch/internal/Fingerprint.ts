/**
 * A number of a request that equal requests share. It is several times cheaper
 * than their canonical text, which is then needed only for requests whose numbers
 * are equal.
 */

const prime = 0x01000193

/**
 * Spreads each bit over the others. Without it the numbers of short texts are sums of their
 * characters, and those of requests with several such texts are often equal.
 */
const mixed = (sum: number): number => {
  const half = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b)
  const most = Math.imul(half ^ (half >>> 13), 0xc2b2ae35)
  return most ^ (most >>> 16)
}

/** Longer texts are hashed as bytes, which are read four at a time: reading a character takes longer than hashing it. */
const shortLength = 32

const encoder = new TextEncoder()
/** The bytes of a text, or of a part of a long one, which are zero up to a whole word. */
const bytes = new Uint8Array(16 * 1024)
const words = new Int32Array(bytes.buffer)
const room = bytes.subarray(0, -4)

const bytesHash = (text: string): number => {
  // Two sums side by side: a multiplication waits for the one before it.
  let even = text.length
  let odd = 1
  for (let rest = text; rest.length > 0;) {
    const { read, written } = encoder.encodeInto(rest, room)
    bytes.fill(0, written, written + 4)
    for (let at = 0; at * 4 < written; at += 2) {
      even = Math.imul(even ^ (words[at] ?? 0), 0x85ebca6b)
      even ^= even >>> 15
      // The word after the last one is not part of the text.
      if ((at + 1) * 4 >= written) break
      odd = Math.imul(odd ^ (words[at + 1] ?? 0), 0xc2b2ae35)
      odd ^= odd >>> 15
    }
    rest = rest.slice(read)
  }
  return mixed(Math.imul(even, 31) + odd)
}

/** `Hash.string` of Effect takes several times as long, since it multiplies doubles. */
const textHash = (text: string): number => {
  if (text.length > shortLength) return bytesHash(text)
  let sum = text.length
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), prime)
  return mixed(sum)
}

/** Deeper parts are left to the comparison of the texts. */
const maxDepth = 16

export class Fingerprint {
  /** Does not depend on the order of members. */
  readonly hash: number
  /** The characters of all texts. */
  length = 0

  constructor(value: unknown) {
    this.hash = this.#of(value, 0)
  }

  #of(value: unknown, depth: number): number {
    if (typeof value === "string") {
      this.length += value.length
      return textHash(value)
    }
    if (typeof value !== "object" || value === null) return textHash(`${value}`)
    if (depth === maxDepth) return 0
    let sum = 1
    if (Array.isArray(value)) {
      for (const item of value) sum = Math.imul(sum, 31) + this.#of(item, depth + 1)
      return sum | 0
    }
    for (const name of Object.keys(value)) {
      const member: unknown = (value as Readonly<Record<string, unknown>>)[name]
      // Absent members are not sent.
      if (member !== undefined) sum += Math.imul(textHash(name) | 1, this.#of(member, depth + 1))
    }
    return sum | 0
  }
}
