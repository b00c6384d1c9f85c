import { assert, describe, it } from "@effect/vitest"
import { Context, Metric } from "effect"
import { Series } from "../../../../src/observability/internal/metrics/Series.ts"

const make = () => {
  const registry: Metric.MetricRegistry = new Map()
  const context = Context.make(Metric.MetricRegistry, registry)
  const counter = () => Metric.counter("requests", { attributes: { model: "kimi-k3" }, incremental: true })
  const counts = () => Metric.snapshotUnsafe(context).map(({ state }) => ("count" in state ? state.count : undefined))
  return { registry, context, counter, counts }
}

describe("Series", () => {
  it("adds up what it is updated with", () => {
    const { context, counter, counts } = make()
    const series = new Series(counter(), context)
    series.update(1)
    series.update(2)
    assert.deepStrictEqual(counts(), [3])
  })

  it("shares its state with other metrics of its name", () => {
    const { context, counter, counts } = make()
    counter().updateUnsafe(1, context)
    const series = new Series(counter(), context)
    series.update(2)
    counter().updateUnsafe(4, context)
    new Series(counter(), context).update(8)
    series.update(16)
    assert.deepStrictEqual(counts(), [31])
  })

  it.each<[string, (made: ReturnType<typeof make>, series: Series) => void]>([
    ["removed by itself", (_, series) => series.remove()],
    ["removed by another metric", ({ context, counter }) => Metric.removeUnsafe(counter(), context)],
    ["in a registry that was cleared", ({ registry }) => registry.clear()]
  ])("begins again after it was %s", (_, remove) => {
    const made = make()
    const series = new Series(made.counter(), made.context)
    series.update(5)
    remove(made, series)
    assert.deepStrictEqual(made.counts(), [])
    series.update(2)
    series.update(1)
    assert.deepStrictEqual(made.counts(), [3])
  })
})
