/**
 * Remembers the latest times of every key, and says under which of them a given
 * part lies.
 *
 * Bounded in both directions: so many times of a key, and so many keys, of
 * which the one that has had no new time for longest is forgotten first.
 *
 * @since 0.1.0
 */
import * as NearestRank from "../../internal/NearestRank.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Times remembered of a key. Defaults to 128. */
  readonly maxSamples?: number | undefined
  /** Keys remembered. Defaults to 256. */
  readonly maxKeys?: number | undefined
}

/**
 * The default of every option.
 *
 * @category options
 * @since 0.1.0
 */
export const defaults = { maxSamples: 128, maxKeys: 256 } as const

/**
 * The latest times by key, in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Latencies {
  /** Remembers one more time of the key. */
  readonly record: (key: string, millis: number) => void
  /**
   * The least remembered time that is not under the given part of all, from 0
   * to 1, such as 0.95; `undefined` with fewer times than asked for.
   */
  readonly percentile: (key: string, part: number, minimumSamples?: number) => number | undefined
  /** Keys that are remembered, the one to be forgotten next first. */
  readonly keys: () => ReadonlyArray<string>
}

interface Samples {
  /** In the order in which they came; full, it is overwritten from its start. */
  readonly ring: Array<number>
  /** The place of the next one, when the ring is full: that of the oldest. */
  next: number
  /** The same times in order of size, so that asking costs nothing. */
  readonly sorted: Array<number>
}

/** The first place whose time is not less. */
const lowerBound = (sorted: ReadonlyArray<number>, millis: number): number => {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? 0) < millis) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * A memory of nothing.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Latencies => {
  const { maxKeys = defaults.maxKeys, maxSamples = defaults.maxSamples } = options
  const entries = new Map<string, Samples>()

  const add = (entry: Samples, millis: number): void => {
    const oldest = entry.ring.length < maxSamples ? undefined : entry.ring[entry.next]
    if (oldest !== undefined) entry.sorted.splice(lowerBound(entry.sorted, oldest), 1)
    entry.sorted.splice(lowerBound(entry.sorted, millis), 0, millis)
    entry.ring[entry.next] = millis
    entry.next = (entry.next + 1) % maxSamples
  }

  return {
    record: (key, millis) => {
      const entry = entries.get(key) ?? { ring: [], next: 0, sorted: [] }
      // A map keeps the order in which its keys came, so the key goes to its end.
      entries.delete(key)
      entries.set(key, entry)
      add(entry, millis)
      if (entries.size <= maxKeys) return
      for (const oldest of entries.keys()) {
        entries.delete(oldest)
        return
      }
    },
    percentile: (key, part, minimumSamples = 1) => {
      const sorted = entries.get(key)?.sorted
      if (sorted === undefined || sorted.length < minimumSamples) return undefined
      return NearestRank.percentile(sorted, part)
    },
    keys: () => [...entries.keys()]
  }
}
