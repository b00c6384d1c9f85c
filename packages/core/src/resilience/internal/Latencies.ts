/**
 * The latest latencies of every key, and their percentiles.
 *
 * Bounded in the number of samples of a key and in the number of keys; the key
 * without a new sample for longest is dropped first.
 *
 * @since 0.1.0
 */
import * as NearestRank from "../../internal/NearestRank.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Samples of a key. Defaults to 128. */
  readonly maxSamples?: number | undefined
  /** Number of keys. Defaults to 256. */
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
 * The latest samples by key, in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Latencies {
  /** Adds a sample of the key. */
  readonly record: (key: string, millis: number) => void
  /**
   * The percentile of the samples, with `fraction` from 0 to 1, such as 0.95;
   * `undefined` with fewer samples than required.
   */
  readonly percentile: (key: string, fraction: number, minimumSamples?: number) => number | undefined
  /** All keys, the next one to be dropped first. */
  readonly keys: () => ReadonlyArray<string>
}

interface Samples {
  /** In the order in which they were added; when full, it is overwritten from the start. */
  readonly ring: Array<number>
  /** The index of the next sample; if the ring is full, that of the oldest. */
  next: number
  /** The same samples sorted, so that a percentile is one lookup. */
  readonly sorted: Array<number>
}

/** The first index whose value is not less. */
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
 * No samples.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Latencies => {
  const { maxKeys = defaults.maxKeys, maxSamples = defaults.maxSamples } = options
  const entries = new Map<string, Samples>()

  const add = (entry: Samples, millis: number): void => {
    const oldest = entry.ring[entry.next]
    if (oldest !== undefined) entry.sorted.splice(lowerBound(entry.sorted, oldest), 1)
    entry.sorted.splice(lowerBound(entry.sorted, millis), 0, millis)
    entry.ring[entry.next] = millis
    entry.next = (entry.next + 1) % maxSamples
  }

  return {
    record: (key, millis) => {
      const entry = entries.get(key) ?? { ring: [], next: 0, sorted: [] }
      // A map keeps insertion order, so that the key moves to its end.
      entries.delete(key)
      entries.set(key, entry)
      add(entry, millis)
      if (entries.size <= maxKeys) return
      for (const oldest of entries.keys()) {
        entries.delete(oldest)
        return
      }
    },
    percentile: (key, fraction, minimumSamples = 1) => {
      const sorted = entries.get(key)?.sorted
      if (sorted === undefined || sorted.length < minimumSamples) return undefined
      return NearestRank.percentile(sorted, fraction)
    },
    keys: () => [...entries.keys()]
  }
}
