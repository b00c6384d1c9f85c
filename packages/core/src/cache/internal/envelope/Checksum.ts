/**
 * A checksum against damage: MurmurHash3 in its 128-bit form for 32-bit
 * machines.
 *
 * Web Crypto digests only asynchronously, which costs ten times as much as
 * reading an entry. The checksum does not protect against tampering: a process that
 * can write to a store can compute it too. Encryption does.
 *
 * @since 0.1.0
 */

/**
 * @category models
 * @since 0.1.0
 */
export type Checksum = readonly [number, number, number, number]

/**
 * The default seed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const seed: Checksum = [0, 0, 0, 0]

/** Bytes of a checksum. */
export const size = 16

const c1 = 0x239b961b
const c2 = 0xab0e9789
const c3 = 0x38b34ae5
const c4 = 0xa1e38b93

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by))

const finish = (value: number): number => {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/**
 * The checksum of some bytes. To combine several parts, each one is seeded with
 * the checksum of the part before.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (bytes: Uint8Array, from: Checksum = seed): Checksum => {
  let [h1, h2, h3, h4] = from
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const whole = bytes.length - (bytes.length % 16)
  for (let at = 0; at < whole; at += 16) {
    h1 ^= Math.imul(rotate(Math.imul(view.getInt32(at, true), c1), 15), c2)
    h1 = (Math.imul((rotate(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0
    h2 ^= Math.imul(rotate(Math.imul(view.getInt32(at + 4, true), c2), 16), c3)
    h2 = (Math.imul((rotate(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0
    h3 ^= Math.imul(rotate(Math.imul(view.getInt32(at + 8, true), c3), 17), c4)
    h3 = (Math.imul((rotate(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0
    h4 ^= Math.imul(rotate(Math.imul(view.getInt32(at + 12, true), c4), 18), c1)
    h4 = (Math.imul((rotate(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0
  }
  const left = [0, 0, 0, 0]
  for (let at = whole; at < bytes.length; at++) {
    const word = (at - whole) >>> 2
    left[word] = (left[word] ?? 0) | (view.getUint8(at) << (8 * (at & 3)))
  }
  h4 ^= Math.imul(rotate(Math.imul(left[3] ?? 0, c4), 18), c1)
  h3 ^= Math.imul(rotate(Math.imul(left[2] ?? 0, c3), 17), c4)
  h2 ^= Math.imul(rotate(Math.imul(left[1] ?? 0, c2), 16), c3)
  h1 ^= Math.imul(rotate(Math.imul(left[0] ?? 0, c1), 15), c2)

  h1 ^= bytes.length
  h2 ^= bytes.length
  h3 ^= bytes.length
  h4 ^= bytes.length
  h1 = (h1 + h2 + h3 + h4) | 0
  h2 = (h2 + h1) | 0
  h3 = (h3 + h1) | 0
  h4 = (h4 + h1) | 0
  h1 = finish(h1)
  h2 = finish(h2)
  h3 = finish(h3)
  h4 = finish(h4)
  h1 = (h1 + h2 + h3 + h4) | 0
  return [h1, (h2 + h1) | 0, (h3 + h1) | 0, (h4 + h1) | 0]
}

/**
 * Writes the sixteen bytes of a checksum.
 *
 * @category converting
 * @since 0.1.0
 */
export const write = (checksum: Checksum, into: DataView, at: number): void => {
  for (let i = 0; i < 4; i++) into.setInt32(at + 4 * i, checksum[i] ?? 0, true)
}

/**
 * Whether the bytes at an offset are this checksum.
 *
 * @category guards
 * @since 0.1.0
 */
export const matches = (checksum: Checksum, from: DataView, at: number): boolean =>
  from.getInt32(at, true) === checksum[0] &&
  from.getInt32(at + 4, true) === checksum[1] &&
  from.getInt32(at + 8, true) === checksum[2] &&
  from.getInt32(at + 12, true) === checksum[3]
