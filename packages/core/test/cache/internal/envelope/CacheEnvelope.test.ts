import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Random, Redacted } from "effect"
import * as CacheEnvelope from "../../../../src/cache/internal/envelope/CacheEnvelope.ts"
import * as Checksum from "../../../../src/cache/internal/envelope/Checksum.ts"

const key = "a".repeat(64)
const secret = Redacted.make(btoa("0123456789abcdef0123456789abcdef"))

const entryOf = (body: Uint8Array): CacheEnvelope.Entry => ({
  body,
  createdAt: 1_000,
  staleAt: 2_000.5,
  expiresAt: Infinity
})

const json = (length: number): Uint8Array => new TextEncoder().encode(`"${"answer ".repeat(length)}`.slice(0, length))

const noise = (length: number) =>
  Effect.map(
    Effect.forEach(Array.from({ length }), () => Random.nextIntBetween(0, 255)),
    (bytes) => Uint8Array.from(bytes)
  )

const kinds: ReadonlyArray<readonly [string, Partial<CacheEnvelope.Options>]> = [
  ["in clear", { compressionThreshold: Infinity }],
  ["compressed", { compressionThreshold: 0 }],
  ["encrypted", { compressionThreshold: Infinity, encryptionKey: secret }],
  ["compressed and encrypted", { compressionThreshold: 0, encryptionKey: secret }]
]

const sealed = (envelope: CacheEnvelope.CacheEnvelope, body: Uint8Array, under = key) =>
  Effect.map(envelope.seal(under, entryOf(body)), Option.getOrThrow)

describe("CacheEnvelope", () => {
  for (const [kind, options] of kinds) {
    describe(kind, () => {
      it.effect("opens what was sealed, for any size", () =>
        Effect.gen(function* () {
          const envelope = yield* CacheEnvelope.make(options)
          for (const size of [0, 1, 15, 16, 17, 4_095, 4_096, 100_000, 5_242_880]) {
            const entry = entryOf(json(size))
            const opened = yield* envelope.open(key, yield* sealed(envelope, json(size)))
            assert.deepStrictEqual(Option.getOrThrow(opened), entry)
          }
        })
      )

      it.effect("opens an entry under its own key only", () =>
        Effect.gen(function* () {
          const envelope = yield* CacheEnvelope.make(options)
          const bytes = yield* sealed(envelope, json(2_000))
          for (const other of ["b".repeat(64), "", key.slice(1), `${key}a`]) {
            assert.deepStrictEqual(yield* envelope.open(other, bytes), Option.none())
          }
        })
      )

      it.effect("does not open entries of a wrong length", () =>
        Effect.gen(function* () {
          const envelope = yield* CacheEnvelope.make(options)
          const bytes = yield* sealed(envelope, json(300))
          for (let length = 0; length < bytes.length; length++) {
            assert.deepStrictEqual(yield* envelope.open(key, bytes.slice(0, length)), Option.none(), `${length} bytes`)
          }
          const longer = new Uint8Array(bytes.length + 1)
          longer.set(bytes)
          assert.deepStrictEqual(yield* envelope.open(key, longer), Option.none())
        })
      )

      it.effect("does not open what differs in any bit", () =>
        Effect.gen(function* () {
          const envelope = yield* CacheEnvelope.make(options)
          const bytes = yield* sealed(envelope, json(200))
          for (let bit = 0; bit < bytes.length * 8; bit++) {
            const damaged = bytes.slice()
            damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
            assert.deepStrictEqual(yield* envelope.open(key, damaged), Option.none(), `bit ${bit}`)
          }
        })
      )

      it.effect("does not open random damage or bytes that were never sealed", () =>
        Effect.gen(function* () {
          const envelope = yield* CacheEnvelope.make(options)
          const bytes = yield* sealed(envelope, json(20_000))
          for (let round = 0; round < 300; round++) {
            const damaged = bytes.slice()
            const flips = yield* Random.nextIntBetween(1, 50)
            for (let i = 0; i < flips; i++) {
              const at = yield* Random.nextIntBetween(0, damaged.length - 1)
              damaged[at] = yield* Random.nextIntBetween(0, 255)
            }
            if (damaged.every((byte, i) => byte === bytes[i])) continue
            assert.deepStrictEqual(yield* envelope.open(key, damaged), Option.none())
            assert.deepStrictEqual(yield* envelope.open(key, yield* noise(round)), Option.none())
          }
        }).pipe(Random.withSeed(`damage ${kind}`))
      )

      it.effect("opens entries within larger buffers without changing the input", () =>
        Effect.gen(function* () {
          const envelope = yield* CacheEnvelope.make(options)
          const memory = new Uint8Array(9_000).fill(7)
          memory.set(json(5_000), 1_003)
          const bytes = yield* sealed(envelope, memory.subarray(1_003, 6_003))
          const around = new Uint8Array(bytes.length + 9).fill(7)
          around.set(bytes, 5)
          const opened = yield* envelope.open(key, around.subarray(5, bytes.length + 5))
          assert.deepStrictEqual(Option.getOrThrow(opened), entryOf(json(5_000)))
          assert.isTrue(memory.subarray(0, 1_003).every((byte) => byte === 7))
        })
      )
    })
  }

  it.effect("does not open encrypted entries without a key, or plaintext with one", () =>
    Effect.gen(function* () {
      const clear = yield* CacheEnvelope.make()
      const encrypted = yield* CacheEnvelope.make({ encryptionKey: secret })
      for (const body of [json(100), json(10_000)]) {
        assert.deepStrictEqual(yield* encrypted.open(key, yield* sealed(clear, body)), Option.none())
        assert.deepStrictEqual(yield* clear.open(key, yield* sealed(encrypted, body)), Option.none())
      }
    })
  )

  it.effect("does not open entries of another version", () =>
    Effect.gen(function* () {
      const envelope = yield* CacheEnvelope.make()
      const bytes = yield* sealed(envelope, json(100))
      assert.strictEqual(bytes[4], CacheEnvelope.formatVersion)
      bytes[4] = CacheEnvelope.formatVersion + 1
      const bound = new Uint8Array([...bytes.subarray(0, 36), ...new TextEncoder().encode(key)])
      const checksum = Checksum.of(bytes.subarray(52), Checksum.of(bound))
      Checksum.write(checksum, new DataView(bytes.buffer), 36)
      assert.deepStrictEqual(yield* envelope.open(key, bytes), Option.none())
      // The same change without the version shows that the checksum above is correct.
      bytes[4] = CacheEnvelope.formatVersion
      bound[4] = CacheEnvelope.formatVersion
      Checksum.write(Checksum.of(bytes.subarray(52), Checksum.of(bound)), new DataView(bytes.buffer), 36)
      assert.isTrue(Option.isSome(yield* envelope.open(key, bytes)))
    })
  )

  it.effect("compresses from the threshold, if the result is smaller", () =>
    Effect.gen(function* () {
      const envelope = yield* CacheEnvelope.make()
      const overhead = 36 + Checksum.size
      assert.strictEqual((yield* sealed(envelope, json(4_095))).length, 4_095 + overhead)
      assert.isBelow((yield* sealed(envelope, json(4_096))).length, 400)
      const random = yield* noise(10_000)
      assert.strictEqual((yield* sealed(envelope, random)).length, 10_000 + overhead)
    }).pipe(Random.withSeed("noise"))
  )

  it.effect("does not seal what would be too large to open", () =>
    Effect.gen(function* () {
      const envelope = yield* CacheEnvelope.make({ maxBytes: 10_000 })
      assert.isTrue(Option.isSome(yield* envelope.seal(key, entryOf(json(10_000)))))
      assert.deepStrictEqual(yield* envelope.seal(key, entryOf(json(10_001))), Option.none())
    })
  )

  it.effect("opens a body of the maximum size", () =>
    Effect.gen(function* () {
      const envelope = yield* CacheEnvelope.make({ maxBytes: 10_000 })
      const opened = yield* envelope.open(key, yield* sealed(envelope, json(10_000)))
      assert.deepStrictEqual(opened, Option.some(entryOf(json(10_000))))
    })
  )

  it.effect("does not open plaintext of another size than its header states", () =>
    Effect.gen(function* () {
      const envelope = yield* CacheEnvelope.make()
      const bytes = yield* sealed(envelope, json(100))
      const opened: Array<boolean> = []
      for (const stated of [99, 100, 101]) {
        new DataView(bytes.buffer).setUint32(32, stated)
        const bound = new Uint8Array([...bytes.subarray(0, 36), ...new TextEncoder().encode(key)])
        Checksum.write(Checksum.of(bytes.subarray(52), Checksum.of(bound)), new DataView(bytes.buffer), 36)
        opened.push(Option.isSome(yield* envelope.open(key, bytes)))
      }
      assert.deepStrictEqual(opened, [false, true, false])
    })
  )

  it.effect("names every invalid option", () =>
    Effect.gen(function* () {
      const { issues } = yield* Effect.flip(CacheEnvelope.make({ compressionThreshold: -1, maxBytes: 0 }))
      assert.deepStrictEqual(
        issues.map(({ name }) => name),
        ["CacheEnvelope compressionThreshold", "CacheEnvelope maxBytes"]
      )
    })
  )

  it.effect("does not open what decompresses to another size than its header states", () =>
    Effect.gen(function* () {
      const packer = yield* CacheEnvelope.make()
      const opener = yield* CacheEnvelope.make({ maxBytes: 1_000_000 })
      const bomb = yield* sealed(packer, new Uint8Array(50_000_000))
      assert.isBelow(bomb.length, 100_000)
      assert.deepStrictEqual(yield* opener.open(key, bomb), Option.none())
      for (const lie of [1, 999_999, 49_999_999, 50_000_001]) {
        new DataView(bomb.buffer).setUint32(32, lie)
        const bound = new Uint8Array([...bomb.subarray(0, 36), ...new TextEncoder().encode(key)])
        Checksum.write(Checksum.of(bomb.subarray(52), Checksum.of(bound)), new DataView(bomb.buffer), 36)
        assert.deepStrictEqual(yield* opener.open(key, bomb), Option.none(), `${lie}`)
        assert.deepStrictEqual(yield* packer.open(key, bomb), Option.none(), `${lie}`)
      }
    })
  )

  it.effect("rejects invalid options", () =>
    Effect.gen(function* () {
      const unusable: ReadonlyArray<Partial<CacheEnvelope.Options>> = [
        { maxBytes: 0 },
        { maxBytes: 1.5 },
        { maxBytes: 2 ** 32 },
        { compressionThreshold: Number.NaN },
        { compressionThreshold: -1 }
      ]
      for (const options of unusable) {
        assert.strictEqual((yield* Effect.flip(CacheEnvelope.make(options)))._tag, "ConfigurationError")
      }
    })
  )
})
