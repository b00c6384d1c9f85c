/**
 * A log-normal distribution of latencies or sizes, given by the two
 * percentiles that dashboards show.
 *
 * @since 0.1.0
 */
import type * as Random from "effect/Random"

/**
 * @category models
 * @since 0.1.0
 */
export interface Distribution {
  /** The 50th percentile. Greater than zero. */
  readonly median: number
  /** The 95th percentile. At least the median. */
  readonly p95: number
}

/** The 95th percentile of the standard normal distribution. */
const normal95 = 1.6448536269514722

/**
 * Draws a value.
 *
 * @category sampling
 * @since 0.1.0
 */
export const draw = (random: Random.Random, { median, p95 }: Distribution): number => {
  const radius = Math.sqrt(-2 * Math.log(1 - random.nextDoubleUnsafe()))
  const normal = radius * Math.cos(2 * Math.PI * random.nextDoubleUnsafe())
  return median * (p95 / median) ** (normal / normal95)
}

/**
 * Whether values can be drawn from a distribution.
 *
 * @category guards
 * @since 0.1.0
 */
export const isValid = ({ median, p95 }: Distribution): boolean =>
  Number.isFinite(median) && Number.isFinite(p95) && median > 0 && p95 >= median
