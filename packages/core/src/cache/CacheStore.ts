/**
 * A store below the memory: bytes by key, with a time after which they are
 * gone and tags by which they can be removed together.
 *
 * A store knows nothing of answers: what it holds is sealed and checked by
 * `CacheEnvelope`. It may fail and it may be slow; who uses it sees to it that
 * neither costs an answer.
 *
 * Keys are digests, 32 to 128 lowercase hexadecimal digits: a store refuses
 * anything else.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { CacheStoreError } from "../errors/CacheErrors.ts"

/**
 * How an entry is kept.
 *
 * @category options
 * @since 0.1.0
 */
export interface SetOptions {
  /** Unix milliseconds after which the entry is gone. */
  readonly expiresAt: number
  /** Names by which it can be removed together with others. */
  readonly tags: ReadonlyArray<string>
}

/**
 * What a store holds.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoreStatistics {
  readonly entries: number
  /** What the entries take up, in the form in which the store keeps them. */
  readonly bytes: number
}

/**
 * @category services
 * @since 0.1.0
 */
export class CacheStore extends Context.Service<
  CacheStore,
  {
    /** The kind of store, for errors and figures: `sqlite`, `file system`, `redis`. */
    readonly name: string
    /** The entry of a key; none when there is none, or its time is over. */
    readonly get: (key: string) => Effect.Effect<Option.Option<Uint8Array>, CacheStoreError>
    /** Keeps an entry in the place of an earlier one. */
    readonly set: (key: string, entry: Uint8Array, keeping: SetOptions) => Effect.Effect<void, CacheStoreError>
    readonly remove: (key: string) => Effect.Effect<void, CacheStoreError>
    /** Removes every entry that carries the tag. */
    readonly removeTag: (tag: string) => Effect.Effect<void, CacheStoreError>
    readonly clear: Effect.Effect<void, CacheStoreError>
    readonly statistics: Effect.Effect<StoreStatistics, CacheStoreError>
  }
>()("@kimi-effect/core/cache/CacheStore") {}
