/**
 * The latest values of something, and the shares below which they lie.
 *
 * @since 0.1.0
 */
import type { Percentiles } from "../../../models/Metrics.ts"
import * as NearestRank from "../../../internal/NearestRank.ts"

/** Values that are remembered. */
const maxSamples = 1024

/**
 * The latest 1,024 values.
 *
 * @category models
 * @since 0.1.0
 */
export class RecentSamples {
  private readonly ring = new Float64Array(maxSamples)
  private count = 0

  /** Remembers a value. */
  add(value: number): void {
    this.ring[this.count % maxSamples] = value
    this.count += 1
  }

  /** The least values that are not under half, 95 and 99 in a hundred of all; none before the first value. */
  percentiles(): Percentiles | undefined {
    const sorted = this.ring.slice(0, Math.min(this.count, maxSamples)).toSorted()
    if (sorted.length === 0) return undefined
    const at = (share: number): number => NearestRank.percentile(sorted, share) ?? 0
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99), samples: sorted.length }
  }
}
