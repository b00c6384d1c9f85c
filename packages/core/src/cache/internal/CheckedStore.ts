/**
 * What all stores of the cache have in common: operations are checked, and
 * brought into one form, before the store runs them.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { CacheStoreError } from "../../errors/CacheErrors.ts"
import type { CacheStore, StoreStatistics } from "../CacheStore.ts"
import * as Sha256 from "./Sha256.ts"

/**
 * A store whose arguments were checked.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoreBackend {
  readonly check?: Effect.Effect<void, CacheStoreError>
  readonly get: (key: string) => Effect.Effect<Option.Option<Uint8Array>, CacheStoreError>
  /** `expiresAt` is a whole number in the future; tags are digests without duplicates. */
  readonly set: (
    key: string,
    entry: Uint8Array,
    expiresAt: number,
    tags: ReadonlyArray<string>
  ) => Effect.Effect<void, CacheStoreError>
  readonly remove: (key: string) => Effect.Effect<void, CacheStoreError>
  readonly removeTag: (tag: string) => Effect.Effect<void, CacheStoreError>
  readonly clear: Effect.Effect<void, CacheStoreError>
  readonly statistics: Effect.Effect<StoreStatistics, CacheStoreError>
}

/**
 * Most tags of an entry.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxTags = 64

/**
 * Makes the errors of a store.
 *
 * @category errors
 * @since 0.1.0
 */
export const failureOf =
  (store: string) =>
  (operation: string, reason: string): CacheStoreError =>
    new CacheStoreError({ message: `The cache's store (${store}) could not ${operation}: ${reason}`, store, operation })

const isKey = (key: string): boolean => /^[0-9a-f]{32,128}$/.test(key)

const tagDigestLength = 32

/**
 * The service over a store of this name. A store keeps digests of tags, which
 * have one length and reveal nothing; they are made with the `Digest` service,
 * or with Web Crypto when there is none.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  name: string,
  maxEntryBytes: number,
  backend: StoreBackend
): Effect.Effect<CacheStore["Service"]> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const sha256 = yield* Sha256.make
    const failure = failureOf(name)
    const refuse = (operation: string, reason: string) => Effect.fail(failure(operation, reason))
    const refuseKey = (operation: string) => refuse(operation, "a key is 32 to 128 lowercase hexadecimal digits")
    const digestOf = (tag: string) => Effect.map(sha256(tag), (digest) => digest.slice(0, tagDigestLength))

    const write = (key: string, entry: Uint8Array, expiresAt: number, tags: ReadonlyArray<string>) => {
      const until = Math.min(Math.ceil(expiresAt), Number.MAX_SAFE_INTEGER)
      return until <= clock.currentTimeMillisUnsafe() ? backend.remove(key) : backend.set(key, entry, until, tags)
    }

    return {
      name,
      get: (key) => (isKey(key) ? backend.get(key) : refuseKey("get")),
      set: (key, entry, { expiresAt, tags }) =>
        Effect.suspend(() => {
          if (!isKey(key)) return refuseKey("set")
          if (Number.isNaN(expiresAt)) return refuse("set", "expiresAt is not a number")
          if (entry.length > maxEntryBytes) return refuse("set", `an entry is larger than ${maxEntryBytes} bytes`)
          const distinct = [...new Set(tags)]
          if (distinct.length > maxTags) return refuse("set", `an entry has more than ${maxTags} tags`)
          return Effect.flatMap(Effect.forEach(distinct, digestOf), (digests) => write(key, entry, expiresAt, digests))
        }),
      remove: (key) => (isKey(key) ? backend.remove(key) : refuseKey("remove")),
      removeTag: (tag) => Effect.flatMap(digestOf(tag), backend.removeTag),
      clear: backend.clear,
      statistics: backend.statistics,
      ...(backend.check === undefined ? {} : { check: backend.check })
    }
  })
