/** Percentiles by nearest rank. */
import * as NearestRank from "@kimi-effect/core/internal/NearestRank"
import type { Percentiles } from "../../simulator/Report.ts"

export const percentilesOf = (values: Iterable<number>): Percentiles => {
  const sorted = Float64Array.from(values).toSorted()
  const at = (part: number): number => NearestRank.percentile(sorted, part) ?? 0
  return {
    count: sorted.length,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    max: at(1)
  }
}
