/**
 * The format of entries in a store: content and times, sealed so that an entry is
 * opened unchanged or not at all.
 *
 * An entry that is damaged, truncated, of another version, sealed under another
 * cache key or with another encryption key counts as absent. That is not an
 * error: the host is called instead.
 *
 * **Details**
 *
 * - A checksum covers every byte, and the key of the entry.
 * - Larger entries are compressed if that makes them smaller.
 * - With an encryption key entries are encrypted with AES-256-GCM, which also
 *   authenticates them: entries in plaintext are not opened any more. Size and
 *   times stay readable.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { ConfigurationError } from "../../../errors/ConfigurationErrors.ts"
import * as OptionRules from "../../../internal/OptionRules.ts"
import * as Checksum from "./Checksum.ts"
import * as Deflate from "./Deflate.ts"
import * as EntryCipher from "./EntryCipher.ts"

/**
 * An entry of the cache. All times are Unix milliseconds, and are returned
 * unchanged: opening does not check them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry {
  readonly body: Uint8Array
  readonly createdAt: number
  /** When it becomes stale: from then on it is served while a newer one is fetched. */
  readonly staleAt: number
  /** When it expires: from then on it is not served. */
  readonly expiresAt: number
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The size in bytes from which an entry is compressed; `Infinity` for never. Defaults to 4 KiB. */
  readonly compressionThreshold: number
  /** Maximum bytes of a body before compression. Defaults to 64 MiB. */
  readonly maxBytes: number
  /** The encryption key: 32 random bytes, in base64 or hexadecimal. Defaults to none. */
  readonly encryptionKey: Redacted.Redacted<string> | undefined
}

/**
 * The default of every option.
 *
 * @category options
 * @since 0.1.0
 */
export const defaults: Options = { compressionThreshold: 4_096, maxBytes: 67_108_864, encryptionKey: undefined }

/**
 * Seals and opens entries.
 *
 * @category models
 * @since 0.1.0
 */
export interface CacheEnvelope {
  /** Seals an entry for a key; none if it is too large to be opened again. */
  readonly seal: (key: string, entry: Entry) => Effect.Effect<Option.Option<Uint8Array>>
  /** Opens an entry that was sealed for this key. Its body may share memory with the input. */
  readonly open: (key: string, sealed: Uint8Array) => Effect.Effect<Option.Option<Entry>>
}

/**
 * The format that this version writes, and the only one that it reads.
 *
 * @category constants
 * @since 0.1.0
 */
export const formatVersion = 1

const magic = 0x4b_6d_66_43
const headerBytes = 36
const compressedFlag = 1
const encryptedFlag = 2
const maxBodyBytes = 0xff_ff_ff_ff

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const encoder = new TextEncoder()

/** The header and the key, to which the rest of an entry is bound. */
const associatedData = (header: Uint8Array, key: string): Uint8Array => {
  const name = encoder.encode(key)
  const bytes = new Uint8Array(headerBytes + name.length)
  bytes.set(header.subarray(0, headerBytes))
  bytes.set(name, headerBytes)
  return bytes
}

const checksum = (header: Uint8Array, key: string, payload: Uint8Array): Checksum.Checksum =>
  Checksum.of(payload, Checksum.of(associatedData(header, key)))

const makeHeader = (entry: Entry, flags: number): Uint8Array => {
  const header = new Uint8Array(headerBytes)
  const view = viewOf(header)
  view.setUint32(0, magic)
  view.setUint8(4, formatVersion)
  view.setUint8(5, flags)
  view.setFloat64(8, entry.createdAt)
  view.setFloat64(16, entry.staleAt)
  view.setFloat64(24, entry.expiresAt)
  view.setUint32(32, entry.body.length)
  return header
}

const sealPlaintext = (key: string, entry: Entry, payload: Uint8Array, flags: number): Uint8Array => {
  const header = makeHeader(entry, flags)
  const sealed = new Uint8Array(headerBytes + Checksum.size + payload.length)
  sealed.set(header)
  sealed.set(payload, headerBytes + Checksum.size)
  Checksum.write(checksum(header, key, payload), viewOf(sealed), headerBytes)
  return sealed
}

const sealEncrypted = (
  cipher: EntryCipher.EntryCipher,
  key: string,
  entry: Entry,
  payload: Uint8Array,
  flags: number
): Effect.Effect<Option.Option<Uint8Array>> => {
  const header = makeHeader(entry, flags | encryptedFlag)
  return Effect.map(
    cipher.encrypt(payload, associatedData(header, key)),
    Option.map((secret) => {
      const sealed = new Uint8Array(headerBytes + secret.length)
      sealed.set(header)
      sealed.set(secret, headerBytes)
      return sealed
    })
  )
}

const build = (options: Options, cipher: EntryCipher.EntryCipher | undefined): CacheEnvelope => {
  const { compressionThreshold, maxBytes } = options
  const flag = cipher === undefined ? 0 : encryptedFlag

  const sealAs = (key: string, entry: Entry, payload: Uint8Array, flags: number) =>
    cipher === undefined
      ? Effect.succeedSome(sealPlaintext(key, entry, payload, flags))
      : sealEncrypted(cipher, key, entry, payload, flags)

  const unsealed = (key: string, sealed: Uint8Array): Effect.Effect<Option.Option<Uint8Array>> => {
    if (cipher !== undefined) return cipher.decrypt(sealed.subarray(headerBytes), associatedData(sealed, key))
    const payload = sealed.subarray(headerBytes + Checksum.size)
    return Checksum.matches(checksum(sealed, key, payload), viewOf(sealed), headerBytes)
      ? Effect.succeedSome(payload)
      : Effect.succeedNone
  }

  return {
    seal: (key, entry) =>
      Effect.suspend(() => {
        const { body } = entry
        if (body.length > maxBytes) return Effect.succeedNone
        if (body.length === 0 || body.length < compressionThreshold) return sealAs(key, entry, body, 0)
        return Effect.flatMap(
          Deflate.compress(body),
          Option.match({
            onNone: () => sealAs(key, entry, body, 0),
            onSome: (smaller) => sealAs(key, entry, smaller, compressedFlag)
          })
        )
      }),
    open: (key, sealed) =>
      Effect.suspend(() => {
        if (sealed.length < headerBytes + Checksum.size) return Effect.succeedNone
        const view = viewOf(sealed)
        const flags = view.getUint8(5)
        const length = view.getUint32(32)
        if (view.getUint32(0) !== magic || view.getUint8(4) !== formatVersion) return Effect.succeedNone
        if (flags !== flag && flags !== (flag | compressedFlag)) return Effect.succeedNone
        if (length > maxBytes) return Effect.succeedNone
        const opened = (body: Uint8Array): Option.Option<Entry> =>
          body.length === length
            ? Option.some({
                body,
                createdAt: view.getFloat64(8),
                staleAt: view.getFloat64(16),
                expiresAt: view.getFloat64(24)
              })
            : Option.none()
        if (flags === flag) return Effect.map(unsealed(key, sealed), Option.flatMap(opened))
        return Effect.flatMap(
          unsealed(key, sealed),
          Option.match({
            onNone: () => Effect.succeedNone,
            onSome: (payload) => Effect.map(Deflate.decompress(payload, length), Option.flatMap(opened))
          })
        )
      })
  }
}

/**
 * An envelope. Fails with a `ConfigurationError` for invalid options.
 *
 * @category constructors
 * @since 0.1.0
 */
export function make(): Effect.Effect<CacheEnvelope>
export function make(options: Partial<Options>): Effect.Effect<CacheEnvelope, ConfigurationError>
export function make(given?: Partial<Options>): Effect.Effect<CacheEnvelope, ConfigurationError> {
  return Effect.suspend(() => {
    const options: Options = { ...defaults, ...given }
    const { compressionThreshold, encryptionKey, maxBytes } = options
    const made =
      encryptionKey === undefined
        ? Effect.succeed(build(options, undefined))
        : Effect.map(EntryCipher.make(encryptionKey), (cipher) => build(options, cipher))
    return Effect.andThen(
      OptionRules.check("CacheEnvelope", [
        ["compressionThreshold", compressionThreshold >= 0, "a number of bytes"],
        OptionRules.bytes("maxBytes", maxBytes, 1, maxBodyBytes)
      ]),
      made
    )
  })
}
