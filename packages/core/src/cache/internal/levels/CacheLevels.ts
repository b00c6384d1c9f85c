/**
 * The memory and the store below it as one: what is found in the store comes
 * up, what is kept goes down, what is removed goes from both.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { CacheStoreError } from "../../../errors/CacheErrors.ts"
import * as CachedResponse from "../CachedResponse.ts"
import type { MemoryCache } from "./MemoryCache.ts"
import type { StoreLevel } from "./StoreLevel.ts"

/**
 * How long an answer is kept.
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
  /** The entry that the store has, which is in memory from then on. */
  readonly readStore: (key: string) => Effect.Effect<Option.Option<CachedResponse.CachedResponse>>
  /** Keeps an answer under some keys. One that is too large is kept under none. */
  readonly set: (keys: ReadonlyArray<string>, body: CachedResponse.CachedContent, times: Lifetime) => void
  readonly remove: (key: string) => Effect.Effect<void, CacheStoreError>
  readonly removeTag: (tag: string) => Effect.Effect<void, CacheStoreError>
  readonly clear: Effect.Effect<void, CacheStoreError>
}

/** What any store can count. */
const maxLifetimeMillis = Duration.toMillis(Duration.weeks(1_000))

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (clock: Clock.Clock, memory: MemoryCache, store: StoreLevel | undefined): CacheLevels => {
  /** How often something was removed: what was read before that must not come back. */
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
    set: (keys, body, { staleAfter, timeToLive }) => {
      if (keys.length === 0 || !memory.accepts(body)) return
      const copied = CachedResponse.copy(body)
      const createdAt = clock.currentTimeMillisUnsafe()
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
