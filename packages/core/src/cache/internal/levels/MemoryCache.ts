/**
 * The answers of this process, in memory: the least recently used go first when
 * there are too many, or too many bytes of them.
 *
 * **Details**
 *
 * - Bytes are those of the heap, as `HeapSize` reckons them.
 * - An entry whose time is over is found to be so when it is asked for, or when
 *   it is its turn to go. Until then it takes room.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { LRUCache } from "lru-cache"
import type { CachedContent, CachedResponse } from "../CachedResponse.ts"
import * as HeapSize from "./HeapSize.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Most bytes of the heap for all entries together. */
  readonly maxBytes: number
  /** Most entries. */
  readonly maxEntries: number
  /** Largest entry in bytes of the heap; `accepts` refuses larger ones. */
  readonly maxEntryBytes: number
}

/**
 * What the memory has done so far, and what it holds.
 *
 * @category models
 * @since 0.1.0
 */
export interface MemoryStatistics {
  /** Lookups that found an entry, a stale one included. */
  readonly hits: number
  /** Those of them that found a stale one. */
  readonly staleHits: number
  readonly misses: number
  /** The part of the lookups that were hits, 0 to 1; 0 before the first. */
  readonly hitRate: number
  /** Entries that went to make room while they were good. */
  readonly evictions: number
  /** Entries whose time was over when they were asked for or had to go. */
  readonly expirations: number
  /** Answers that were too large to be kept. */
  readonly rejections: number
  readonly entries: number
  readonly bytes: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface MemoryCache {
  /** The entry of a key, which counts as a lookup. */
  readonly get: (key: string) => CachedResponse | undefined
  /** The same without counting and without making the entry the latest used. */
  readonly peek: (key: string) => CachedResponse | undefined
  /** Whether an answer is small enough to be kept; one that is not counts as refused. */
  readonly accepts: (body: CachedContent) => boolean
  readonly set: (key: string, entry: CachedResponse) => void
  readonly remove: (key: string) => void
  readonly removeTag: (tag: string) => void
  readonly clear: () => void
  readonly statistics: () => MemoryStatistics
}

/**
 * A memory by options that were checked.
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

    // The times are in the entries, which bring them along from the store; a second account of them here could differ.
    const entries = new LRUCache<string, CachedResponse>({
      max: maxEntries,
      maxSize: maxBytes,
      sizeCalculation: HeapSize.ofEntry,
      dispose: ({ expiresAt }, _, reason) => {
        if (reason !== "evict") return
        if (clock.currentTimeMillisUnsafe() >= expiresAt) expirations += 1
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
        const now = clock.currentTimeMillisUnsafe()
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
        return entry === undefined || clock.currentTimeMillisUnsafe() >= entry.expiresAt ? undefined : entry
      },
      accepts: (body) => {
        const isAccepted = HeapSize.ofEntry(body) <= maxEntryBytes
        if (!isAccepted) rejections += 1
        return isAccepted
      },
      set: (key, entry) => void entries.set(key, entry, { size: HeapSize.ofEntry(entry) }),
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
