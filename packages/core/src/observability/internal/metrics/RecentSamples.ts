/**
 * The most recent values of a measurement, and their percentiles.
 *
 * @since 0.1.0
 */
import type { Percentiles } from "../../../models/Metrics.ts"
import * as NearestRank from "../../../internal/NearestRank.ts"

const maxSamples = 1024

/**
 * A ring buffer of the last 1,024 values.
 *
 * @category models
 * @since 0.1.0
 */
export class RecentSamples {
  readonly #ring = new Float64Array(maxSamples)
  #count = 0

  /** Adds a value and drops the oldest when the buffer is full. */
  add(value: number): void {
    this.#ring[this.#count % maxSamples] = value
    this.#count += 1
  }

  /** The percentiles by nearest rank; `undefined` before the first value. */
  percentiles(): Percentiles | undefined {
    const sorted = this.#ring.slice(0, Math.min(this.#count, maxSamples)).toSorted()
    if (sorted.length === 0) return undefined
    const at = (fraction: number): number => NearestRank.percentile(sorted, fraction) ?? 0
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99), samples: sorted.length }
  }
}
