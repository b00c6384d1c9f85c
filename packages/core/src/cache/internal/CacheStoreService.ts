/** The service of `CacheStore`, which is loaded without its stores. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { CacheStoreError } from "../../errors/CacheErrors.ts"
import type { SetOptions, StoreStatistics } from "../CacheStore.ts"

// The key names the public module.
// @effect-diagnostics deterministicKeys:off

/**
 * The store of a `ResponseCache`: entries by key, with expiry and tags.
 *
 * @category services
 * @since 0.1.0
 */
export class CacheStore extends Context.Service<
  CacheStore,
  {
    /** The kind of store, for errors and statistics: `memory`, `sqlite`, `file system`, `redis`. */
    readonly name: string
    /** The entry of a key; none if it does not exist or has expired. */
    readonly get: (key: string) => Effect.Effect<Option.Option<Uint8Array>, CacheStoreError>
    /** Stores an entry, and replaces an earlier one. */
    readonly set: (key: string, entry: Uint8Array, options: SetOptions) => Effect.Effect<void, CacheStoreError>
    readonly remove: (key: string) => Effect.Effect<void, CacheStoreError>
    /** Removes every entry with the tag. */
    readonly removeTag: (tag: string) => Effect.Effect<void, CacheStoreError>
    readonly clear: Effect.Effect<void, CacheStoreError>
    readonly statistics: Effect.Effect<StoreStatistics, CacheStoreError>
    /**
     * Fails if the store cannot be used. A cache runs it when it is built, so
     * that a problem is known before the first call. Optional.
     */
    readonly check?: Effect.Effect<void, CacheStoreError>
  }
>()("@kimi-effect/core/cache/CacheStore") {}
