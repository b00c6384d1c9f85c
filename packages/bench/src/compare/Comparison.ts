/** Compares measured ratios with those of earlier runs. Pure, so that its tests measure nothing. */

/** The values of one ratio in several runs. */
export interface Ratio {
  readonly name: string
  readonly values: ReadonlyArray<number>
  /** Whether higher is better. Lower is better by default. */
  readonly isHigherBetter?: boolean
}

/** A ratio that is worse than its limit in every run. */
export interface Worse {
  readonly name: string
  /** The best of the measured values. */
  readonly best: number
  readonly limit: number
}

/**
 * How much worse than the worst committed run a ratio may be, as a fraction.
 *
 * A ratio divides two costs of the same round, so the speed of a machine cancels
 * out, but not its caches and its other work: runs of the same code on a busy
 * machine were up to 40 % apart, as the values of the committed runs in `results` show.
 * A limit at their worst would fail by chance.
 */
export const margin = 0.25

const worstOf = ({ isHigherBetter, values }: Ratio): number =>
  isHigherBetter === true ? Math.min(...values) : Math.max(...values)

const bestOf = ({ isHigherBetter, values }: Ratio): number =>
  isHigherBetter === true ? Math.max(...values) : Math.min(...values)

/** The value from which on a ratio counts as clearly worse. */
export const limitOf = (committed: Ratio): number =>
  committed.isHigherBetter === true ? worstOf(committed) / (1 + margin) : worstOf(committed) * (1 + margin)

/**
 * The committed ratios whose runs are so far apart that the limit is beyond twice
 * the cost of the best run, so that code that became twice as slow would pass.
 */
export const findLoose = (committed: ReadonlyArray<Ratio>): ReadonlyArray<Ratio> =>
  committed.filter((ratio) =>
    ratio.isHigherBetter === true ? bestOf(ratio) / 2 >= limitOf(ratio) : bestOf(ratio) * 2 <= limitOf(ratio)
  )

/** The ratios that are clearly worse in every measured run. */
export const findWorse = (committed: ReadonlyArray<Ratio>, measured: ReadonlyArray<Ratio>): ReadonlyArray<Worse> =>
  committed.flatMap((before): ReadonlyArray<Worse> => {
    const now = measured.find(({ name }) => name === before.name)
    if (now === undefined) return []
    const [best, limit] = [bestOf(now), limitOf(before)]
    const isWithin = before.isHigherBetter === true ? best >= limit : best <= limit
    return isWithin ? [] : [{ name: before.name, best, limit }]
  })

/** The names that only one of both has: a ratio that is not compared. */
export const findUnmatched = (
  committed: ReadonlyArray<Ratio>,
  measured: ReadonlyArray<Ratio>
): ReadonlyArray<string> => {
  const absentFrom = (others: ReadonlyArray<Ratio>) => (ratio: Ratio) => !others.some(({ name }) => name === ratio.name)
  return [...committed.filter(absentFrom(measured)), ...measured.filter(absentFrom(committed))].map(({ name }) => name)
}

/** Adds the values of a further run. */
export const merge = (ratios: ReadonlyArray<Ratio>, more: ReadonlyArray<Ratio>): ReadonlyArray<Ratio> =>
  more.map((ratio) => ({
    ...ratio,
    values: [...(ratios.find(({ name }) => name === ratio.name)?.values ?? []), ...ratio.values]
  }))
