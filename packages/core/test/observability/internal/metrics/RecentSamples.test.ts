import { assert, describe, it } from "@effect/vitest"
import { RecentSamples } from "../../../../src/observability/internal/metrics/RecentSamples.ts"

describe("RecentSamples", () => {
  it("has no percentiles before the first value", () => {
    assert.isUndefined(new RecentSamples().percentiles())
  })

  it("has the percentiles of an independent computation", () => {
    const recent = new RecentSamples()
    const values = Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) + 1)
    for (const value of values) recent.add(value)
    assert.deepStrictEqual(recent.percentiles(), { p50: 50, p95: 95, p99: 99, samples: 100 })
  })

  it("keeps the last 1,024 values", () => {
    const recent = new RecentSamples()
    for (let i = 0; i < 1024; i += 1) recent.add(1000)
    for (let i = 0; i < 1024; i += 1) recent.add(1)
    assert.deepStrictEqual(recent.percentiles(), { p50: 1, p95: 1, p99: 1, samples: 1024 })
  })
})
