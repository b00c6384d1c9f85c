/**
 * Recognizes a text that was received in pieces when it is sent again as a
 * whole, without keeping it: by the number and a hash of its characters. Blanks
 * do not count, since hosts trim the texts that they send again.
 */

const isBlank = (code: number): boolean => code <= 0x20

/** FNV-1a, by UTF-16 code unit: https://datatracker.ietf.org/doc/html/draft-eastlake-fnv */
const firstHash = 0x811c9dc5
const prime = 0x01000193

const blankEndOf = (text: string): string => {
  let from = text.length
  while (from > 0 && isBlank(text.charCodeAt(from - 1))) from -= 1
  return text.slice(from)
}

/** The pieces of one text. */
export class ReceivedText {
  #count = 0
  #hash = firstHash
  /** The blanks at the end. */
  #end = ""

  /** Whether nothing but blanks was received. */
  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** Adds the next piece. */
  add(piece: string): void {
    let hash = this.#hash
    let count = 0
    for (let i = 0; i < piece.length; i++) {
      const code = piece.charCodeAt(i)
      if (isBlank(code)) continue
      hash = Math.imul(hash ^ code, prime)
      count += 1
    }
    this.#hash = hash
    this.#count += count
    const end = blankEndOf(piece)
    this.#end = count === 0 ? this.#end + end : end
  }

  /** What a whole text has after the pieces; `undefined` if it has another text in place of them. */
  restOf(whole: string): string | undefined {
    if (whole.trim() === "") return ""
    let hash = firstHash
    let at = 0
    for (let count = 0; count < this.#count; at++) {
      if (at >= whole.length) return undefined
      const code = whole.charCodeAt(at)
      if (isBlank(code)) continue
      hash = Math.imul(hash ^ code, prime)
      count += 1
    }
    if (hash !== this.#hash) return undefined
    const rest = whole.slice(at)
    if (rest.trim() === "") return ""
    return rest.startsWith(this.#end) ? rest.slice(this.#end.length) : rest
  }
}
