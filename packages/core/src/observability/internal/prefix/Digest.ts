/**
 * A digest of JSON in 53 bits, to compare parts of requests without keeping them.
 * It is fast and not cryptographic: it shows that a request has changed, and does
 * not resist a forged one. Journals store it, so a change of the algorithm is
 * a change of every program that resumes a run.
 *
 * @since 0.1.0
 */

const seedA = 0xdeadbeef
const seedB = 0x41c6ce57
const primeA = 2_654_435_761
const primeB = 1_597_334_677

/** Longer `data:` URLs are sampled: a video of 50 MB would take a tenth of a second. */
const maxMediaCharacters = 65_536

/** Two multiplicative hashes side by side (cyrb53, in the public domain). */
class Hash {
  #a = seedA
  #b = seedB

  number(value: number): void {
    this.#a = Math.imul(this.#a ^ value, primeA)
    this.#b = Math.imul(this.#b ^ value, primeB)
  }

  text(text: string): void {
    const { length } = text
    const step = length > maxMediaCharacters && text.startsWith("data:") ? Math.ceil(length / maxMediaCharacters) : 1
    this.number(length)
    let a = this.#a
    let b = this.#b
    for (let i = 0; i < length; i += step) {
      const code = text.charCodeAt(i)
      a = Math.imul(a ^ code, primeA)
      b = Math.imul(b ^ code, primeB)
    }
    this.#a = a
    this.#b = b
  }

  json(value: unknown): void {
    if (typeof value === "string") {
      this.number(1)
      this.text(value)
    } else if (Array.isArray(value)) {
      this.number(2)
      this.number(value.length)
      for (const one of value) this.json(one)
    } else if (typeof value === "object" && value !== null) {
      this.number(3)
      for (const [name, member] of Object.entries(value)) {
        if (member === undefined) continue
        this.text(name)
        this.json(member)
      }
      this.number(4)
    } else {
      this.number(5)
      this.text(String(value))
    }
  }

  get value(): number {
    let a = Math.imul(this.#a ^ (this.#a >>> 16), 2_246_822_507)
    a ^= Math.imul(this.#b ^ (this.#b >>> 13), 3_266_489_909)
    let b = Math.imul(this.#b ^ (this.#b >>> 16), 2_246_822_507)
    b ^= Math.imul(this.#a ^ (this.#a >>> 13), 3_266_489_909)
    return 4_294_967_296 * (2_097_151 & b) + (a >>> 0)
  }
}

/**
 * The digest of a JSON value, whose members count in their order, as the host
 * receives them.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (value: unknown): number => {
  const hash = new Hash()
  hash.json(value)
  return hash.value
}
