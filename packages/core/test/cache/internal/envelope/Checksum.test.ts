import { assert, describe, it } from "@effect/vitest"
import * as Checksum from "../../../../src/cache/internal/envelope/Checksum.ts"

const bytesOf = (checksum: Checksum.Checksum): Uint8Array => {
  const bytes = new Uint8Array(Checksum.size)
  Checksum.write(checksum, new DataView(bytes.buffer), 0)
  return bytes
}

describe("Checksum", () => {
  it("is MurmurHash3_x86_128, by the verification value of its authors", () => {
    const all = new Uint8Array(256 * Checksum.size)
    const data = Uint8Array.from({ length: 256 }, (_, i) => i)
    for (let i = 0; i < 256; i++) {
      const seed = 256 - i
      all.set(bytesOf(Checksum.of(data.subarray(0, i), [seed, seed, seed, seed])), i * Checksum.size)
    }
    const [first] = Checksum.of(all)
    assert.strictEqual(first >>> 0, 0xb3ece62a)
  })

  it("of several parts depends on every part", () => {
    const [one, other] = [Uint8Array.of(1, 2, 3), Uint8Array.of(4)]
    const both = Checksum.of(other, Checksum.of(one))
    assert.notDeepEqual(both, Checksum.of(other))
    assert.notDeepEqual(both, Checksum.of(other, Checksum.of(Uint8Array.of(1, 2))))
    assert.deepStrictEqual(both, Checksum.of(Uint8Array.of(9, 4).subarray(1), Checksum.of(one)))
  })

  it("matches only at the offset where it was written", () => {
    const view = new DataView(new ArrayBuffer(40))
    const checksum = Checksum.of(Uint8Array.of(1))
    Checksum.write(checksum, view, 7)
    assert.isTrue(Checksum.matches(checksum, view, 7))
    for (let at = 7; at < 23; at++) {
      view.setUint8(at, view.getUint8(at) ^ 1)
      assert.isFalse(Checksum.matches(checksum, view, 7), `byte ${at}`)
      view.setUint8(at, view.getUint8(at) ^ 1)
    }
  })
})
