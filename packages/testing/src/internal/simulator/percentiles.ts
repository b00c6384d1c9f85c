/** Figures of distributions, by nearest rank. */
import type { Percentiles } from "../../simulator/Report.ts"

/** The smallest value that at least this share of the values does not exceed. */
const rank = (sorted: Float64Array, share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? 0

export const percentilesOf = (values: Iterable<number>): Percentiles => {
  const sorted = Float64Array.from(values).toSorted()
  return {
    count: sorted.length,
    p50: rank(sorted, 0.5),
    p95: rank(sorted, 0.95),
    p99: rank(sorted, 0.99),
    max: rank(sorted, 1)
  }
}
