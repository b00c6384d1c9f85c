import { assert, describe, it } from "@effect/vitest"
import { Context, Metric } from "effect"
import { Recorder } from "../../../../src/observability/internal/metrics/Recorder.ts"
import { Series } from "../../../../src/observability/internal/metrics/Series.ts"

/** A recorder by two labels, how often it looked for a series, and the sum of each. */
const make = () => {
  const sums: Record<string, number> = {}
  let searches = 0
  const recorder = new Recorder(([host, model]: readonly [string, string | undefined]) => {
    searches += 1
    const context = Context.make(Metric.MetricRegistry, new Map())
    const series = new Series(Metric.gauge("any"), context)
    series.update = (value) => {
      const name = `${host} ${model}`
      sums[name] = (sums[name] ?? 0) + value
    }
    return series
  })
  return { recorder, sums, searches: () => searches }
}

describe("Recorder", () => {
  it("updates the series of the labels", () => {
    const { recorder, sums } = make()
    recorder.update(1, ["a", "m"])
    recorder.update(2, ["a", "n"])
    recorder.update(4, ["b", "n"])
    recorder.update(8, ["b", undefined])
    recorder.update(16, ["a", "m"])
    assert.deepStrictEqual(sums, { "a m": 17, "a n": 2, "b n": 4, "b undefined": 8 })
  })

  it("looks for the series of equal labels once", () => {
    const { recorder, searches, sums } = make()
    for (const value of [1, 2, 4]) recorder.update(value, ["a", "m"])
    assert.strictEqual(searches(), 1)
    assert.deepStrictEqual(sums, { "a m": 7 })
  })
})
