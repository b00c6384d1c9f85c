/**
 * The cached responses of this process: the least recently used are evicted if
 * there are too many, or if they take too many bytes.
 *
 * **Details**
 *
 * - Bytes are heap bytes, as `HeapSize` estimates them.
 * - An expired entry is removed when it is looked up, or when it is evicted.
 *   Until then it takes memory.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { LRUCache } from "lru-cache"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import type { CachedContent, CachedResponse } from "../CachedResponse.ts"
import * as HeapSize from "./HeapSize.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Maximum heap bytes of all entries. */
  readonly maxBytes: number
  /** Maximum number of entries. */
  readonly maxEntries: number
  /** Maximum heap bytes of an entry; `accepts` refuses larger ones. */
  readonly maxEntryBytes: number
}

/**
 * Counts of lookups and evictions, and the current size.
 *
 * @category models
 * @since 0.1.0
 */
export interface MemoryStatistics {
  /** Lookups that found an entry, including a stale one. */
  readonly hits: number
  /** Lookups that found a stale entry. */
  readonly staleHits: number
  readonly misses: number
  /** The fraction of lookups that were hits, 0 to 1; 0 before the first. */
  readonly hitRate: number
  /** Entries that were evicted before they expired. */
  readonly evictions: number
  /** Entries that had expired when they were looked up or evicted. */
  readonly expirations: number
  /** Responses that were too large. */
  readonly rejections: number
  readonly entries: number
  readonly bytes: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface MemoryCache {
  /** The entry of a key; counts as a lookup. */
  readonly get: (key: string) => CachedResponse | undefined
  /** The same without counting, and without marking the entry as used. */
  readonly peek: (key: string) => CachedResponse | undefined
  /** Whether a response is small enough; one that is not counts as a rejection. */
  readonly accepts: (content: CachedContent) => boolean
  readonly set: (key: string, entry: CachedResponse) => void
  readonly remove: (key: string) => void
  readonly removeTag: (tag: string) => void
  readonly clear: () => void
  readonly statistics: () => MemoryStatistics
}

/**
 * A memory from checked options.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = ({ maxBytes, maxEntries, maxEntryBytes }: Options): Effect.Effect<MemoryCache> =>
  Effect.map(Clock.Clock, (clock) => {
    let hits = 0
    let staleHits = 0
    let misses = 0
    let evictions = 0
    let expirations = 0
    let rejections = 0

    // Entries bring their times from the store, so that no second record of them is kept here.
    const entries = new LRUCache<string, CachedResponse>({
      max: maxEntries,
      maxSize: maxBytes,
      sizeCalculation: HeapSize.ofEntry,
      dispose: ({ expiresAt }, _, reason) => {
        if (reason !== "evict") return
        if (MonotonicClock.millisUnsafe(clock) >= expiresAt) expirations += 1
        else evictions += 1
      }
    })

    return {
      get: (key) => {
        const entry = entries.get(key)
        if (entry === undefined) {
          misses += 1
          return undefined
        }
        const now = MonotonicClock.millisUnsafe(clock)
        if (now >= entry.expiresAt) {
          entries.delete(key)
          expirations += 1
          misses += 1
          return undefined
        }
        hits += 1
        if (now >= entry.staleAt) staleHits += 1
        return entry
      },
      peek: (key) => {
        const entry = entries.peek(key)
        return entry === undefined || MonotonicClock.millisUnsafe(clock) >= entry.expiresAt ? undefined : entry
      },
      accepts: (content) => {
        const isAccepted = HeapSize.ofEntry(content) <= maxEntryBytes
        if (!isAccepted) rejections += 1
        return isAccepted
      },
      set: (key, entry) => void entries.set(key, entry),
      remove: (key) => void entries.delete(key),
      removeTag: (tag) => {
        for (const [key, entry] of entries.entries()) if (entry.tags.includes(tag)) entries.delete(key)
      },
      clear: () => entries.clear(),
      statistics: () => ({
        hits,
        staleHits,
        misses,
        hitRate: hits === 0 ? 0 : hits / (hits + misses),
        evictions,
        expirations,
        rejections,
        entries: entries.size,
        bytes: entries.calculatedSize
      })
    }
  })
