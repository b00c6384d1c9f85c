/** One measured figure and the bar it is held against. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What the value is compared with; absent for figures shown for information. */
  readonly threshold?: number
  /** Whether more is better; less is by default. */
  readonly isHigherBetter?: boolean
}

/** Whether a figure meets its bar; figures without one always do. */
export const isMet = ({ value, threshold: bar, isHigherBetter }: Figure): boolean =>
  bar === undefined || (isHigherBetter === true ? value >= bar : value <= bar)

/** The middle of the values. */
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
      const bar =
        figure.threshold === undefined ? "" : `  bar ${figure.threshold}  ${isMet(figure) ? "holds" : "MISSED"}`
      return `${figure.name.padEnd(width)}  ${round(figure.value)} ${figure.unit}${bar}`
    })
    .join("\n")
}

/** The figures as one line of JSON for machines. */
export const toJson = (scenario: string, figures: ReadonlyArray<Figure>): string =>
  JSON.stringify({
    scenario,
    node: process.version,
    holds: figures.every(isMet),
    figures: figures.map((figure) => ({ ...figure, value: round(figure.value), holds: isMet(figure) }))
  })
