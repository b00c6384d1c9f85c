/** A measured figure and its threshold. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** Between which the middle half of the measured rounds is, in the unit of the value. */
  readonly quartiles?: readonly [lower: number, upper: number]
  /** The value to meet; absent for figures shown for information. */
  readonly threshold?: number
  /** Whether higher is better. Lower is better by default. */
  readonly isHigherBetter?: boolean
}

/** Whether a figure meets its threshold; figures without one always do. */
export const isMet = ({ value, threshold, isHigherBetter }: Figure): boolean =>
  threshold === undefined || (isHigherBetter === true ? value >= threshold : value <= threshold)

/** The value below which such a part of the sorted values is, interpolated between two of them. */
const quantile = (sorted: ReadonlyArray<number>, part: number): number => {
  const at = (sorted.length - 1) * part
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below + (above - below) * (at - Math.floor(at))
}

const sortedOf = (values: ReadonlyArray<number>): ReadonlyArray<number> => values.toSorted((a, b) => a - b)

/** The median of the values. */
export const median = (values: ReadonlyArray<number>): number => quantile(sortedOf(values), 0.5)

/** The median of the rounds and their spread. */
export const summarize = (rounds: ReadonlyArray<number>): Pick<Figure, "value" | "quartiles"> => {
  const sorted = sortedOf(rounds)
  const value = quantile(sorted, 0.5)
  return rounds.length < 2 ? { value } : { value, quartiles: [quantile(sorted, 0.25), quantile(sorted, 0.75)] }
}

const round = (value: number): number => Number(value.toPrecision(4))

const spreadOf = ({ quartiles }: Figure): string =>
  quartiles === undefined ? "" : ` (${quartiles.map(round).join("–")})`

/** The figures as a table for people, with the spread of their rounds in brackets. */
export const toTable = (figures: ReadonlyArray<Figure>): string => {
  const width = Math.max(...figures.map(({ name }) => name.length))
  return figures
    .map((figure) => {
      const threshold =
        figure.threshold === undefined ? "" : `  threshold ${figure.threshold}  ${isMet(figure) ? "met" : "MISSED"}`
      return `${figure.name.padEnd(width)}  ${round(figure.value)} ${figure.unit}${spreadOf(figure)}${threshold}`
    })
    .join("\n")
}

/** The figures as one line of JSON for machines. */
export const toJson = (scenario: string, figures: ReadonlyArray<Figure>): string =>
  JSON.stringify({
    scenario,
    node: process.version,
    isMet: figures.every(isMet),
    figures: figures.map((figure) => ({
      ...figure,
      value: round(figure.value),
      ...(figure.quartiles === undefined ? {} : { quartiles: figure.quartiles.map(round) }),
      isMet: isMet(figure)
    }))
  })
