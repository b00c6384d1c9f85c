/** The times at which calls arrive: a Poisson process conditioned on the number of calls. */
import type * as Random from "effect/Random"

/** Relative rates of calls in the 24 hours of a working day. */
export const workingDay = [3, 2, 2, 2, 2, 3, 4, 6, 9, 11, 12, 11, 10, 11, 12, 12, 11, 10, 8, 7, 6, 5, 4, 3] as const

/** Draws an arrival time with the given density over equal parts of the time. */
const drawTime = (weights: ReadonlyArray<number>, total: number, duration: number, chance: number): number => {
  let left = chance * total
  for (const [index, weight] of weights.entries()) {
    if (left < weight) return ((index + left / weight) / weights.length) * duration
    left -= weight
  }
  return duration
}

/** Whole milliseconds within `duration`, in ascending order. */
export const draw = (
  weights: ReadonlyArray<number>,
  calls: number,
  duration: number,
  random: Random.Random
): Float64Array => {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return Float64Array.from({ length: calls }, () =>
    Math.floor(drawTime(weights, total, duration, random.nextDoubleUnsafe()))
  ).toSorted()
}
