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

/**
 * `Hash.string` of Effect takes several times as long, since it multiplies doubles.
 * The parts of a text are hashed side by side: a multiplication waits for the one before it.
 */
const textHash = (text: string): number => {
  const { length } = text
  let [a, b, c, d] = [length, 1, 2, 3]
  let at = 0
  for (; at + 3 < length; at += 4) {
    a = Math.imul(a ^ text.charCodeAt(at), prime)
    b = Math.imul(b ^ text.charCodeAt(at + 1), prime)
    c = Math.imul(c ^ text.charCodeAt(at + 2), prime)
    d = Math.imul(d ^ text.charCodeAt(at + 3), prime)
  }
  for (; at < length; at++) a = Math.imul(a ^ text.charCodeAt(at), prime)
  return mixed(Math.imul(a, 0x85ebca6b) + Math.imul(b, 0xc2b2ae35) + Math.imul(c, 0x27d4eb2f) + d)
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
    for (const [name, member] of Object.entries(value)) {
      // Absent members are not sent.
      if (member !== undefined) sum += Math.imul(textHash(name) | 1, this.#of(member, depth + 1))
    }
    return sum | 0
  }
}
