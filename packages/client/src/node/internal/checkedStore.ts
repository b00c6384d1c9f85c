/**
 * What all stores of the cache have in common: what they are asked is checked
 * and brought into one form before they see it.
 *
 * @since 0.1.0
 */
import { hash } from "node:crypto"
import type { CacheStore, StoreStatistics } from "@kimi-effect/core/CacheStore"
import { CacheStoreError } from "@kimi-effect/core/CacheErrors"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"

/** A store that is asked only what it can do. */
export interface StoreBackend {
  readonly get: (key: string) => Effect.Effect<Option.Option<Uint8Array>, CacheStoreError>
  /** Its time is a whole number in the future, and its tags are digests, each once. */
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

/** Most tags of an entry. */
export const maxTags = 64

/** Makes the errors of a store. */
export const failureOf =
  (store: string) =>
  (operation: string, reason: string): CacheStoreError =>
    new CacheStoreError({ message: `The cache's store (${store}) could not ${operation}: ${reason}`, store, operation })

const isKey = (key: string): boolean => /^[0-9a-f]{32,128}$/.test(key)

/** What stands for a tag in a store: of one length, and nobody can read it. */
const tagDigest = (tag: string): string => hash("sha256", tag, "hex").slice(0, 32)

/** The service over a store, under its name. */
export const make = (
  name: string,
  maxEntryBytes: number,
  backing: StoreBackend
): Effect.Effect<CacheStore["Service"]> =>
  Effect.map(Clock.Clock, (clock) => {
    const failure = failureOf(name)
    const refused = (operation: string, reason: string) => Effect.fail(failure(operation, reason))
    const noKey = (operation: string) => refused(operation, "a key is 32 to 128 lowercase hexadecimal digits")
    return {
      name,
      get: (key) => (isKey(key) ? backing.get(key) : noKey("get")),
      set: (key, entry, { expiresAt, tags }) =>
        Effect.suspend(() => {
          if (!isKey(key)) return noKey("set")
          if (Number.isNaN(expiresAt)) return refused("set", "the time after which an entry is gone is no number")
          if (entry.length > maxEntryBytes) return refused("set", `an entry is larger than ${maxEntryBytes} bytes`)
          const digests = new Set(tags.map(tagDigest))
          if (digests.size > maxTags) return refused("set", `an entry has more than ${maxTags} tags`)
          const until = Math.min(Math.ceil(expiresAt), Number.MAX_SAFE_INTEGER)
          if (until <= clock.currentTimeMillisUnsafe()) return backing.remove(key)
          return backing.set(key, entry, until, [...digests])
        }),
      remove: (key) => (isKey(key) ? backing.remove(key) : noKey("remove")),
      removeTag: (tag) => Effect.suspend(() => backing.removeTag(tagDigest(tag))),
      clear: backing.clear,
      statistics: backing.statistics
    }
  })
