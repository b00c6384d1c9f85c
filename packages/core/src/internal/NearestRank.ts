/**
 * Percentiles by nearest rank: always a value that was there, never one between
 * two.
 *
 * @since 0.1.0
 */

/** Lets 0.07 of 100 be the seventh and not, by a rounding error, the eighth. */
const roundingError = 1e-9

/**
 * The least of sorted values that is not under the given part of all, from 0 to
 * 1; none of no values.
 *
 * @category getters
 * @since 0.1.0
 */
export const percentile = (sorted: ArrayLike<number>, part: number): number | undefined =>
  sorted[Math.max(1, Math.ceil(part * sorted.length - roundingError)) - 1]
