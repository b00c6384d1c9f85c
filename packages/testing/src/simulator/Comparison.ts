/**
 * What the same traffic would have cost and how long it would have taken with
 * each of several configurations, as plain data.
 *
 * @since 0.1.0
 */
import type { Report } from "./Report.ts"

/**
 * One configuration and its report.
 *
 * @category models
 * @since 0.1.0
 */
export interface ComparedConfiguration {
  readonly name: string
  readonly report: Report
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Comparison {
  readonly seed: string
  /** ISO 8601. */
  readonly start: string
  /** Milliseconds. */
  readonly duration: number
  /** In the order in which they were given. */
  readonly configurations: ReadonlyArray<ComparedConfiguration>
}

/**
 * The configuration of least cost with which at least a fraction of the calls
 * succeed and 95 % of them wait at most so long for admission. None if no
 * configuration does, or if the prices of those that do are not known in one currency.
 *
 * @category getters
 * @since 0.1.0
 */
export const cheapest = (
  { configurations }: Comparison,
  { maxAdmissionWait, minSuccessRate }: { readonly minSuccessRate: number; readonly maxAdmissionWait: number }
): ComparedConfiguration | undefined => {
  const sufficient = configurations.filter(
    ({ report }) => report.calls.successRate >= minSuccessRate && report.admissionWait.p95 <= maxAdmissionWait
  )
  const currencies = new Set(sufficient.map(({ report }) => report.cost.currency))
  if (currencies.size !== 1 || currencies.has(undefined)) return undefined
  return sufficient.toSorted((a, b) => Number(a.report.cost.total) - Number(b.report.cost.total))[0]
}
