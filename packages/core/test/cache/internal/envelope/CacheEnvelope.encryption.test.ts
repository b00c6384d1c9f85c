import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Redacted } from "effect"
import * as CacheEnvelope from "../../../../src/cache/internal/envelope/CacheEnvelope.ts"

const key = "a".repeat(64)
const plain = "0123456789abcdef0123456789abcdef"
const hex = [...plain].map((c) => c.charCodeAt(0).toString(16)).join("")
const text = "the answer that nobody else may read "
const body = new TextEncoder().encode(text.repeat(20))
const entry: CacheEnvelope.Entry = { body, createdAt: 1, staleAt: 2, expiresAt: 3 }

/** The entry with the body "answer", as version 1 of the format was written. */
const released = "S21mQwECAAA/8AAAAAAAAEAAAAAAAAAAQAgAAAAAAAAAAAAGyMU+NDUVxoezXNQWM5PMkDTo3XH37zUaJXZhRlH4wDBzwg=="

const envelopeOf = (secret: string) => CacheEnvelope.make({ encryptionKey: Redacted.make(secret) })

describe("CacheEnvelope with an encryption key", () => {
  it.effect("accepts the same key in base64 or hexadecimal", () =>
    Effect.gen(function* () {
      const envelopes = [
        yield* envelopeOf(btoa(plain)),
        yield* envelopeOf(hex),
        yield* envelopeOf(`${hex.toUpperCase()}\n`)
      ]
      for (const one of envelopes) {
        const sealed = Option.getOrThrow(yield* one.seal(key, entry))
        for (const other of envelopes) assert.deepStrictEqual(yield* other.open(key, sealed), Option.some(entry))
      }
    })
  )

  it.effect("rejects keys that are not 32 bytes without showing them", () =>
    Effect.gen(function* () {
      const wrong = [
        "",
        "password",
        "x".repeat(32),
        btoa(plain.slice(1)),
        btoa(`${plain}x`),
        hex.slice(2),
        `${hex.slice(0, 63)}g`,
        "é".repeat(32)
      ]
      for (const secret of wrong) {
        const error = yield* Effect.flip(envelopeOf(secret))
        assert.strictEqual(error._tag, "ConfigurationError")
        assert.isTrue(secret === "" || !JSON.stringify(error).includes(secret))
        assert.include(error.message, "CacheEnvelope encryptionKey")
      }
    })
  )

  it.effect.each([
    ["that is too short", btoa(plain.slice(1)), "not of 31"],
    ["that is too long", hex + hex, "not of 96"],
    ["of other characters", "pass word?", "which this text is not"],
    ["that is no secret text", undefined, "Redacted.make(key)"]
  ] as const)("states what to change in a key %s", ([, secret, expected]) =>
    Effect.gen(function* () {
      const given = secret === undefined ? JSON.parse(JSON.stringify(plain)) : Redacted.make(secret)
      const { message } = yield* Effect.flip(CacheEnvelope.make({ encryptionKey: given }))
      assert.include(message, expected)
      assert.include(
        message,
        "64 hexadecimal digits or 44 characters of base64, such as openssl rand -base64 32 prints"
      )
    })
  )

  it.effect("does not open with a key that differs in one bit", () =>
    Effect.gen(function* () {
      const sealed = Option.getOrThrow(yield* (yield* envelopeOf(btoa(plain))).seal(key, entry))
      const other = yield* envelopeOf(btoa(`1${plain.slice(1)}`))
      assert.deepStrictEqual(yield* other.open(key, sealed), Option.none())
    })
  )

  it.effect("contains neither the entry, its key nor the secret in plaintext", () =>
    Effect.gen(function* () {
      const sealed = Option.getOrThrow(yield* (yield* envelopeOf(btoa(plain))).seal(key, entry))
      const shown = new TextDecoder("latin1").decode(sealed)
      for (const part of ["answer", "nobody", key.slice(0, 8), plain.slice(0, 8)]) assert.notInclude(shown, part)
    })
  )

  it.effect("never reuses a nonce", () =>
    Effect.gen(function* () {
      const envelope = yield* envelopeOf(btoa(plain))
      const nonces = new Set<string>()
      for (let i = 0; i < 2_000; i++) {
        const sealed = Option.getOrThrow(yield* envelope.seal(key, entry))
        nonces.add(sealed.subarray(36, 48).join())
      }
      assert.strictEqual(nonces.size, 2_000)
    })
  )

  it.effect("does not encrypt with the secret itself", () =>
    Effect.gen(function* () {
      const sealed = Option.getOrThrow(yield* (yield* envelopeOf(btoa(plain))).seal(key, entry))
      const direct = yield* Effect.promise(() =>
        crypto.subtle.importKey("raw", new TextEncoder().encode(plain), "AES-GCM", false, ["decrypt"])
      )
      const additionalData = new Uint8Array([...sealed.subarray(0, 36), ...new TextEncoder().encode(key)])
      const decrypted = yield* Effect.promise(() =>
        crypto.subtle
          .decrypt({ name: "AES-GCM", iv: sealed.slice(36, 48), additionalData }, direct, sealed.slice(48))
          .then(
            () => "opened",
            () => "closed"
          )
      )
      assert.strictEqual(decrypted, "closed")
    })
  )

  it.effect("opens an entry that an earlier release has sealed", () =>
    Effect.gen(function* () {
      const sealed = Uint8Array.from(atob(released), (c) => c.charCodeAt(0))
      const opened = yield* (yield* envelopeOf(btoa(plain))).open(key, sealed)
      assert.deepStrictEqual(opened, Option.some({ ...entry, body: new TextEncoder().encode("answer") }))
    })
  )

  it.effect("fails with a configuration error where the runtime cannot derive a key", () =>
    Effect.gen(function* () {
      const { subtle } = crypto
      const error = yield* Effect.acquireUseRelease(
        Effect.sync(() =>
          Object.assign(subtle, {
            deriveBits: () => Promise.reject(new DOMException("not supported", "NotSupportedError"))
          })
        ),
        () => Effect.flip(envelopeOf(btoa(plain))),
        () => Effect.sync(() => Reflect.deleteProperty(subtle, "deriveBits"))
      )
      assert.strictEqual(error._tag, "ConfigurationError")
    })
  )
})
