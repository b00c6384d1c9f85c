/**
 * Encrypts entries of the cache: AES-256-GCM with a random nonce.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Aead from "effect/crypto/Aead"
import * as Kdf from "effect/crypto/Kdf"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Hex from "effect/encoding/Hex"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { ConfigurationError } from "../../../errors/ConfigurationErrors.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface EntryCipher {
  /** Returns nonce, ciphertext and tag; none if encryption fails. Decryption needs the same `associatedData`. */
  readonly encrypt: (bytes: Uint8Array, associatedData: Uint8Array) => Effect.Effect<Option.Option<Uint8Array>>
  /** Returns the plaintext; none if the input, the associated data or the key differs. */
  readonly decrypt: (bytes: Uint8Array, associatedData: Uint8Array) => Effect.Effect<Option.Option<Uint8Array>>
}

const keyBytes = 32
const nonceBytes = 12
/** Bytes that encryption adds: the nonce and the tag. */
const overhead = nonceBytes + 16

const invalid = (expected: string): ConfigurationError =>
  ConfigurationError.of([{ name: "CacheEnvelope encryptionKey", expected }])

const forms = `${2 * keyBytes} hexadecimal digits or 44 characters of base64, such as openssl rand -base64 ${keyBytes} prints`

const noText = invalid(`Redacted.make(key) with a key of ${keyBytes} random bytes: ${forms}`)

const noCrypto = invalid("a runtime with Web Crypto (globalThis.crypto.subtle), or no key")

/** States what is wrong with a text, but nothing of its content. */
const wrongText = (bytes: Result.Result<Uint8Array, unknown>): ConfigurationError =>
  invalid(
    Result.isSuccess(bytes)
      ? `a key of ${keyBytes} random bytes, not of ${bytes.success.length}: ${forms}`
      : `a key of ${keyBytes} random bytes in base64 or hexadecimal, which this text is not: ${forms}`
  )

const decodeKey = (key: Redacted.Redacted<string>): Effect.Effect<Uint8Array, ConfigurationError> =>
  Effect.suspend(() => {
    const value: unknown = Redacted.isRedacted(key) ? Redacted.value(key) : undefined
    if (typeof value !== "string") return Effect.fail(noText)
    const text = value.trim()
    // Hexadecimal digits are also valid base64, but then of 48 bytes.
    const bytes = text.length === 2 * keyBytes ? Hex.decode(text) : Base64.decode(text)
    return Result.isSuccess(bytes) && bytes.success.length === keyBytes
      ? Effect.succeed(bytes.success)
      : Effect.fail(wrongText(bytes))
  })

const services = Layer.mergeAll(
  Kdf.layerWebCrypto,
  Layer.provideMerge(Aead.layerWebCrypto, SecureRandom.layerWebCrypto)
)

/**
 * A cipher with a key of 32 random bytes, in base64 or hexadecimal. The actual
 * key is derived from it, so that it can be used elsewhere too.
 *
 * Nonces are random: one key is safe for about four billion entries.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (encryptionKey: Redacted.Redacted<string>): Effect.Effect<EntryCipher, ConfigurationError> =>
  Effect.gen(function* () {
    const secret = yield* decodeKey(encryptionKey)
    const context = yield* Layer.build(services)
    const aead = Context.get(context, Aead.Aead)
    const random = Context.get(context, SecureRandom.SecureRandom)
    const derived = yield* Context.get(context, Kdf.Kdf).derive(Kdf.hkdfSha256, secret, {
      salt: new Uint8Array(),
      info: new TextEncoder().encode("kimi-effect/cache/CacheEnvelope/aes-256-gcm"),
      length: keyBytes
    })
    const key = yield* Aead.key(Aead.aes256Gcm, derived)
    return {
      encrypt: (bytes: Uint8Array, associatedData: Uint8Array) =>
        Effect.gen(function* () {
          const nonce = yield* random.randomBytes(nonceBytes)
          const encrypted = yield* aead.encrypt(key, bytes, { nonce, aad: associatedData })
          const whole = new Uint8Array(nonceBytes + encrypted.length)
          whole.set(nonce)
          whole.set(encrypted, nonceBytes)
          return whole
        }).pipe(Effect.option),
      decrypt: (bytes: Uint8Array, associatedData: Uint8Array) => {
        if (bytes.length < overhead) return Effect.succeedNone
        const options = { nonce: bytes.subarray(0, nonceBytes), aad: associatedData }
        return Effect.option(aead.decrypt(key, bytes.subarray(nonceBytes), options))
      }
    }
  }).pipe(
    Effect.scoped,
    Effect.catchTag("CryptoError", () => Effect.fail(noCrypto))
  )
