/**
 * A number of a request that equal requests share. It is several times cheaper
 * than their canonical text, which is then needed only for requests whose numbers
 * are equal.
 */

/** `Hash.string` of Effect takes several times as long, since it multiplies doubles. */
const textHash = (text: string): number => {
  let hash = text.length
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash
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
      if (member !== undefined) sum += Math.imul(textHash(name) ^ 0x9e3779b9, this.#of(member, depth + 1) | 1)
    }
    return sum | 0
  }
}
