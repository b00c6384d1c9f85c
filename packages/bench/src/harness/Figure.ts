/** A measured figure and its threshold. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** The value to meet; absent for figures shown for information. */
  readonly threshold?: number
  /** Whether higher is better. Lower is better by default. */
  readonly isHigherBetter?: boolean
}

/** Whether a figure meets its threshold; figures without one always do. */
export const isMet = ({ value, threshold, isHigherBetter }: Figure): boolean =>
  threshold === undefined || (isHigherBetter === true ? value >= threshold : value <= threshold)

/** The median of the values. */
export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

const round = (value: number): number => Number(value.toPrecision(4))

/** The figures as a table for people. */
export const toTable = (figures: ReadonlyArray<Figure>): string => {
  const width = Math.max(...figures.map(({ name }) => name.length))
  return figures
    .map((figure) => {
      const threshold =
        figure.threshold === undefined ? "" : `  threshold ${figure.threshold}  ${isMet(figure) ? "met" : "MISSED"}`
      return `${figure.name.padEnd(width)}  ${round(figure.value)} ${figure.unit}${threshold}`
    })
    .join("\n")
}

/** The figures as one line of JSON for machines. */
export const toJson = (scenario: string, figures: ReadonlyArray<Figure>): string =>
  JSON.stringify({
    scenario,
    node: process.version,
    isMet: figures.every(isMet),
    figures: figures.map((figure) => ({ ...figure, value: round(figure.value), isMet: isMet(figure) }))
  })
