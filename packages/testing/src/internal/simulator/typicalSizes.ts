/** The sizes of calls without usage: the medians of their model, or of all calls if their model has none. */
import type { RecordedCall } from "../../simulator/RecordedTraffic.ts"

export type Sizes = Pick<RecordedCall, "promptTokens" | "outputTokens">

const median = (numbers: ReadonlyArray<number>): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

const medianSizes = (sizes: ReadonlyArray<Sizes>): Sizes => ({
  promptTokens: median(sizes.map(({ promptTokens }) => promptTokens)),
  outputTokens: median(sizes.map(({ outputTokens }) => outputTokens))
})

/** The sizes by model. */
export const make = (
  calls: ReadonlyArray<{ readonly model: string; readonly sizes: Sizes }>
): ((model: string) => Sizes) => {
  const all = medianSizes(calls.map(({ sizes }) => sizes))
  const byModel = new Map(
    [...Map.groupBy(calls, ({ model }) => model)].map(([model, ofModel]) => [
      model,
      medianSizes(ofModel.map(({ sizes }) => sizes))
    ])
  )
  return (model) => byModel.get(model) ?? all
}
