import { assert, describe, it } from "@effect/vitest"
import { Context, Metric } from "effect"
import { Instruments } from "../../../../src/observability/internal/metrics/Instruments.ts"
import { metrics } from "../../../../src/observability/Telemetry.ts"

const make = (options = { maxLabelValues: 3, maxSeries: 100 }) => {
  const registry: Metric.MetricRegistry = new Map()
  const instruments = new Instruments(registry, options)
  /** The values of a metric by label values. */
  const values = (id: string) =>
    Object.fromEntries(
      Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry)).flatMap((metric) => {
        if (metric.id !== id) return []
        const { unit: _, ...labels } = metric.attributes ?? {}
        const { state } = metric
        const value = "value" in state ? state.value : "sum" in state ? state.sum : "count" in state ? state.count : -1
        return [[Object.values(labels).join(" "), value]]
      })
    )
  return { instruments, values }
}

describe("Instruments", () => {
  it("sums by labels, without labels that have no value", () => {
    const { instruments, values } = make()
    const { operationDuration } = metrics
    instruments.update(operationDuration, 1, ["chat", "moonshot_ai", "moonshot", "kimi-k3", undefined, undefined])
    instruments.update(operationDuration, 2, ["chat", "moonshot_ai", "moonshot", "kimi-k3", undefined, undefined])
    instruments.update(operationDuration, 4, ["chat", "moonshot_ai", "moonshot", "kimi-k3", undefined, "ServerError"])
    assert.deepStrictEqual(values(operationDuration.name), {
      "chat moonshot_ai moonshot kimi-k3": 3,
      "chat moonshot_ai moonshot kimi-k3 ServerError": 4
    })
  })

  it("limits the values of an unbounded attribute", () => {
    const { instruments, values } = make()
    const { breakerTransitions } = metrics
    for (const name of ["a", "b", "c", "d", "e", "a"]) instruments.update(breakerTransitions, 1, [name, "open"])
    assert.deepStrictEqual(values(breakerTransitions.name), { "a open": 2, "b open": 1, "c open": 1, "other open": 2 })
  })

  it("keeps all values of a bounded attribute", () => {
    const { instruments, values } = make()
    const { breakerTransitions } = metrics
    for (const state of ["open", "closed", "half_open", "isolated"])
      instruments.update(breakerTransitions, 1, ["a", state])
    assert.strictEqual(Object.keys(values(breakerTransitions.name)).length, 4)
  })

  it("limits the label sets of a metric", () => {
    const { instruments, values } = make({ maxLabelValues: 100, maxSeries: 5 })
    const { cost } = metrics
    for (let i = 0; i < 20; i += 1) {
      instruments.update(cost, 1, ["USD", "p", "h", "m", `tenant-${i % 5}`, `job-${i}`, ""])
    }
    const all = values(cost.name)
    assert.strictEqual(Object.keys(all).length, 6)
    assert.strictEqual(
      Object.values(all).reduce((a, b) => Number(a) + Number(b), 0),
      20
    )
    assert.strictEqual(all["USD other h other other other other"], 15)
  })

  it("replaces all series of a gauge", () => {
    const { instruments, values } = make()
    const { admissionQueue } = metrics
    instruments.replace(admissionQueue, [
      [["a"], 1],
      [["b"], 2]
    ])
    assert.deepStrictEqual(values(admissionQueue.name), { a: 1, b: 2 })
    instruments.replace(admissionQueue, [[["b"], 3]])
    assert.deepStrictEqual(values(admissionQueue.name), { b: 3 })
    instruments.replace(admissionQueue, [[["a"], 7]])
    assert.deepStrictEqual(values(admissionQueue.name), { a: 7 })
    instruments.replace(admissionQueue, [])
    assert.deepStrictEqual(values(admissionQueue.name), {})
  })

  it("has a series of a gauge again that was removed", () => {
    const { instruments, values } = make()
    const { admissionQueue } = metrics
    for (const value of [2, 3]) {
      instruments.replace(admissionQueue, [[["a"], 1]])
      instruments.replace(admissionQueue, [[["a"], value]])
      assert.deepStrictEqual(values(admissionQueue.name), { a: value })
      instruments.replace(admissionQueue, [])
      assert.deepStrictEqual(values(admissionQueue.name), {})
    }
  })

  it("sums equal series of a gauge", () => {
    const { instruments, values } = make()
    const { admissionQueue } = metrics
    instruments.replace(admissionQueue, [
      [["a"], 1],
      [["b"], 2],
      [["a"], 4]
    ])
    assert.deepStrictEqual(values(admissionQueue.name), { a: 5, b: 2 })
  })

  it("provides an updater for the same series", () => {
    const { instruments, values } = make()
    const { timePerOutputChunk } = metrics
    const update = instruments.updater(timePerOutputChunk, ["chat", "p", "h", "m"])
    update(1)
    update(2)
    instruments.update(timePerOutputChunk, 4, ["chat", "p", "h", "m"])
    assert.deepStrictEqual(values(timePerOutputChunk.name), { "chat p h m": 7 })
  })
})
