/**
 * A store of the cache in the memory of this process. The least recently used
 * entries go first when they take too many bytes.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { LRUCache } from "lru-cache"
import type { ConfigurationError } from "../../errors/ConfigurationErrors.ts"
import * as MonotonicClock from "../../internal/MonotonicClock.ts"
import * as OptionRules from "../../internal/OptionRules.ts"
import type { CacheStore } from "../CacheStore.ts"
import * as CheckedStore from "./CheckedStore.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Most bytes of all entries. Defaults to 64 MiB, at least 1 MiB. The largest entry is a quarter of it. */
  readonly maxBytes?: number | undefined
}

interface Entry {
  readonly bytes: Uint8Array
  /** Of `MonotonicClock`. */
  readonly expiresAt: number
  readonly tags: ReadonlyArray<string>
}

/** What an entry without bytes takes up, so that their number is bounded too. */
const overheadBytes = 64

/**
 * A store in this process.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = ({ maxBytes = 67_108_864 }: Options = {}): Effect.Effect<
  CacheStore["Service"],
  ConfigurationError
> =>
  Effect.gen(function* () {
    yield* OptionRules.check("CacheStore", [OptionRules.bytes("maxBytes", maxBytes, 1_048_576)])
    const clock = yield* Clock.Clock
    const entries = new LRUCache<string, Entry>({
      maxSize: maxBytes,
      sizeCalculation: ({ bytes }) => bytes.length + overheadBytes
    })

    const removeWhere = (isRemoved: (entry: Entry) => boolean): void => {
      for (const [key, entry] of entries.entries()) if (isRemoved(entry)) entries.delete(key)
    }

    const removeExpired = (): void => {
      const now = MonotonicClock.millisUnsafe(clock)
      removeWhere(({ expiresAt }) => expiresAt <= now)
    }

    return yield* CheckedStore.make("memory", Math.floor(maxBytes / 4), {
      get: (key) =>
        Effect.sync(() => {
          const entry = entries.get(key)
          if (entry === undefined) return Option.none()
          if (entry.expiresAt > MonotonicClock.millisUnsafe(clock)) return Option.some(entry.bytes)
          entries.delete(key)
          return Option.none()
        }),
      set: (key, entry, expiresAt, tags) =>
        // A copy, since the caller may use its memory again.
        Effect.sync(() => {
          const own = expiresAt - MonotonicClock.unixOffsetUnsafe(clock)
          entries.set(key, { bytes: new Uint8Array(entry), expiresAt: own, tags })
        }),
      remove: (key) => Effect.sync(() => void entries.delete(key)),
      removeTag: (tag) => Effect.sync(() => removeWhere(({ tags }) => tags.includes(tag))),
      clear: Effect.sync(() => entries.clear()),
      statistics: Effect.sync(() => {
        removeExpired()
        return { entries: entries.size, bytes: entries.calculatedSize - entries.size * overheadBytes }
      })
    })
  })
