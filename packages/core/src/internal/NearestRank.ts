/**
 * Percentiles by nearest rank: always one of the values, never interpolated.
 *
 * @since 0.1.0
 */

/** Makes 0.07 of 100 the seventh value and not, by a rounding error, the eighth. */
const roundingError = 1e-9

/**
 * The percentile of sorted values, with `fraction` from 0 to 1; `undefined` if
 * there are no values.
 *
 * @category getters
 * @since 0.1.0
 */
export const percentile = (sorted: ArrayLike<number>, fraction: number): number | undefined =>
  sorted[Math.max(1, Math.ceil(fraction * sorted.length - roundingError)) - 1]
