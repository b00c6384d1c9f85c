/**
 * How a quantity that is never negative varies, by the two figures that
 * dashboards show: a log-normal distribution, as latencies and sizes have it.
 *
 * @since 0.1.0
 */
import type * as Random from "effect/Random"

/**
 * @category models
 * @since 0.1.0
 */
export interface Distribution {
  /** Half of the values are below it; over zero. */
  readonly median: number
  /** 19 of 20 values are below it; at least the median. */
  readonly p95: number
}

/** 95 % of a standard normal distribution are below it. */
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
 * Tells whether a distribution is one that can be drawn from.
 *
 * @category guards
 * @since 0.1.0
 */
export const isValid = ({ median, p95 }: Distribution): boolean =>
  Number.isFinite(median) && Number.isFinite(p95) && median > 0 && p95 >= median
