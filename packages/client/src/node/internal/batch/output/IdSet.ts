/** Ids beyond them are compared with these, and not kept: a job takes constant memory. */
const maxIds = 128 * 1024

/** The first ids of rows, in 2 MiB at most: their hashes of 64 bits, in a table that is at most half full. */
export class IdSet {
  #slots = new Uint32Array(2048)
  #size = 0
  /** Ids that were in the set when they were added. Two different ids of all that are kept are equal with a chance of 1 in two billion. */
  duplicates = 0

  /** Whether the id was not in the set. */
  add(id: string): boolean {
    const isFull = this.#size >= maxIds
    if (!isFull && this.#size * 4 >= this.#slots.length) this.#grow()
    const [high, low] = hashOf(id)
    const isNew = insert(this.#slots, high, low, isFull)
    if (!isNew) this.duplicates += 1
    else if (!isFull) this.#size += 1
    return isNew
  }

  #grow(): void {
    const slots = this.#slots
    const grown = new Uint32Array(slots.length * 2)
    for (let at = 0; at < slots.length; at += 2) {
      const high = slots[at] ?? 0
      const low = slots[at + 1] ?? 0
      if (high !== 0 || low !== 0) insert(grown, high, low, false)
    }
    this.#slots = grown
  }
}

/** Takes the next slot that is free, unless one before it has the hash, or the set is full. A slot of zeros is free. */
const insert = (slots: Uint32Array, high: number, low: number, isFull: boolean): boolean => {
  const mask = slots.length / 2 - 1
  for (let slot = low & mask; ; slot = (slot + 1) & mask) {
    const at = slot * 2
    if (slots[at] === high && slots[at + 1] === low) return false
    if (slots[at] === 0 && slots[at + 1] === 0) {
      if (isFull) return true
      slots[at] = high
      slots[at + 1] = low
      return true
    }
  }
}

/** Two hashes of 32 bits that are mixed with each other (cyrb53 without its cut to 53 bits). */
const hashOf = (text: string): readonly [high: number, low: number] => {
  let high = 0xde_ad_be_ef
  let low = 0x41_c6_ce_57
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    high = Math.imul(high ^ code, 2_654_435_761)
    low = Math.imul(low ^ code, 1_597_334_677)
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  // Zeros are those of a free slot.
  return [high >>> 0 || 1, low >>> 0]
}
