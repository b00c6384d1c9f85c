/** Exact bounds of a binomial distribution. */

/** The least and the most successes of `trials` at `rate`, outside of which each tail has at most `tail` of the probability. */
export const binomialBounds = (trials: number, rate: number, tail = 1e-6): readonly [least: number, most: number] => {
  const probabilities: Array<number> = []
  let log = trials * Math.log1p(-rate)
  for (let successes = 0; successes <= trials; successes++) {
    probabilities.push(Math.exp(log))
    log += Math.log((trials - successes) / (successes + 1)) + Math.log(rate / (1 - rate))
  }
  return [quantile(probabilities, tail), trials - quantile(probabilities.toReversed(), tail)]
}

/** The first index up to which the sum exceeds a probability. */
const quantile = (probabilities: ReadonlyArray<number>, probability: number): number => {
  let sum = 0
  return probabilities.findIndex((value) => (sum += value) > probability)
}
