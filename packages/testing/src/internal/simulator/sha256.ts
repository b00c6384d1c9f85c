/**
 * A synchronous SHA-256 without a platform API.
 *
 * Web Crypto only has digests that return promises, and virtual time does not
 * wait for promises.
 */

const fractionBits = (value: number): number => Math.floor((value - Math.floor(value)) * 2 ** 32)

const primes = (count: number): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (let candidate = 2; found.length < count; candidate += 1) {
    if (found.every((prime) => candidate % prime !== 0)) found.push(candidate)
  }
  return found
}

const firstPrimes = primes(64)
/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const roundConstants = Int32Array.from(firstPrimes, (prime) => fractionBits(Math.cbrt(prime)))

type State = readonly [number, number, number, number, number, number, number, number]

const squareRootBits = (prime: number): number => fractionBits(Math.sqrt(prime)) | 0
/** The same of the square roots of the first 8 primes. */
const initialState: State = [
  squareRootBits(2),
  squareRootBits(3),
  squareRootBits(5),
  squareRootBits(7),
  squareRootBits(11),
  squareRootBits(13),
  squareRootBits(17),
  squareRootBits(19)
]

const rotate = (value: number, bits: number): number => (value >>> bits) | (value << (32 - bits))

/** Appends a one bit, zeros and the length in bits, up to a multiple of 64 bytes. */
const pad = (data: Uint8Array): DataView => {
  const size = Math.ceil((data.length + 9) / 64) * 64
  const padded = new Uint8Array(size)
  padded.set(data)
  padded[data.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(size - 8, Math.floor(data.length / 2 ** 29))
  view.setUint32(size - 4, data.length << 3)
  return view
}

/** Extends a block of 16 words to the 64 words of its rounds. */
const schedule = (words: Int32Array, view: DataView, offset: number): void => {
  for (let i = 0; i < 16; i += 1) words[i] = view.getInt32(offset + i * 4)
  for (let i = 16; i < 64; i += 1) {
    const w15 = words[i - 15] ?? 0
    const w2 = words[i - 2] ?? 0
    const s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3)
    const s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10)
    words[i] = (words[i - 16] ?? 0) + s0 + (words[i - 7] ?? 0) + s1
  }
}

const compress = (state: State, words: Int32Array): State => {
  let [a, b, c, d, e, f, g, h] = state
  for (let i = 0; i < 64; i += 1) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const choice = (e & f) ^ (~e & g)
    const t1 = (h + s1 + choice + (roundConstants[i] ?? 0) + (words[i] ?? 0)) | 0
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + s0 + majority) | 0
  }
  return [
    (state[0] + a) | 0,
    (state[1] + b) | 0,
    (state[2] + c) | 0,
    (state[3] + d) | 0,
    (state[4] + e) | 0,
    (state[5] + f) | 0,
    (state[6] + g) | 0,
    (state[7] + h) | 0
  ]
}

/** The SHA-256 digest of `data`, 32 bytes. */
export const sha256 = (data: Uint8Array): Uint8Array => {
  const view = pad(data)
  const words = new Int32Array(64)
  let state = initialState
  for (let offset = 0; offset < view.byteLength; offset += 64) {
    schedule(words, view, offset)
    state = compress(state, words)
  }
  const digest = new DataView(new ArrayBuffer(32))
  for (const [i, word] of state.entries()) digest.setInt32(i * 4, word)
  return new Uint8Array(digest.buffer)
}
