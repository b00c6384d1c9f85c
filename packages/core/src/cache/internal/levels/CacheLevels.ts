/**
 * The memory and the store below it as one cache: entries found in the store are
 * copied to memory, new entries are written to both, and removals apply to both.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { CacheStoreError } from "../../../errors/CacheErrors.ts"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import * as CachedResponse from "../CachedResponse.ts"
import type { MemoryCache } from "./MemoryCache.ts"
import type { StoreLevel } from "./StoreLevel.ts"

/**
 * How long a response is cached.
 *
 * @category models
 * @since 0.1.0
 */
interface Lifetime {
  readonly timeToLive: Duration.Duration
  readonly staleAfter: Duration.Duration | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface CacheLevels {
  readonly memory: MemoryCache
  /** The entry of the store, which is then in memory too. */
  readonly readStore: (key: string) => Effect.Effect<Option.Option<CachedResponse.CachedResponse>>
  /** Caches a response under some keys. One that is too large is not cached. */
  readonly set: (keys: ReadonlyArray<string>, content: CachedResponse.CachedContent, lifetime: Lifetime) => void
  readonly remove: (key: string) => Effect.Effect<void, CacheStoreError>
  readonly removeTag: (tag: string) => Effect.Effect<void, CacheStoreError>
  readonly clear: Effect.Effect<void, CacheStoreError>
}

/** The longest lifetime that every store supports. */
const maxLifetimeMillis = Duration.toMillis(Duration.weeks(1_000))

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (clock: Clock.Clock, memory: MemoryCache, store: StoreLevel | undefined): CacheLevels => {
  /** Counts removals: an entry that was read before one must not come back to memory. */
  let removals = 0

  const removing = (
    fromMemory: () => void,
    fromStore: (store: StoreLevel) => Effect.Effect<void, CacheStoreError>
  ): Effect.Effect<void, CacheStoreError> =>
    Effect.suspend(() => {
      removals += 1
      fromMemory()
      return store === undefined ? Effect.void : fromStore(store)
    })

  return {
    memory,
    readStore: (key) =>
      store === undefined
        ? Effect.succeedNone
        : Effect.suspend(() => {
            const before = removals
            return Effect.map(
              store.read(key),
              Option.map((entry) => {
                if (removals === before) memory.set(key, entry)
                return entry
              })
            )
          }),
    set: (keys, content, { staleAfter, timeToLive }) => {
      if (!memory.accepts(content)) return
      const copied = CachedResponse.copy(content)
      const createdAt = MonotonicClock.millisUnsafe(clock)
      const expiresAt = createdAt + Math.min(maxLifetimeMillis, Math.ceil(Duration.toMillis(timeToLive)))
      const staleAt =
        staleAfter === undefined ? expiresAt : Math.min(expiresAt, createdAt + Duration.toMillis(staleAfter))
      for (const key of keys) {
        const entry = { ...copied, createdAt, staleAt, refreshAt: staleAt, expiresAt }
        memory.set(key, entry)
        store?.write(key, entry)
      }
    },
    remove: (key) =>
      removing(
        () => memory.remove(key),
        (store) => store.remove(key)
      ),
    removeTag: (tag) =>
      removing(
        () => memory.removeTag(tag),
        (store) => store.removeTag(tag)
      ),
    clear: removing(
      () => memory.clear(),
      (store) => store.clear
    )
  }
}
