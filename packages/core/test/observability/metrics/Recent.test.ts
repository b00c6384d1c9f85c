import { assert, describe, it } from "@effect/vitest"
import { Recent } from "../../../src/observability/metrics/Recent.ts"

describe("recent values", () => {
  it("have no percentiles before the first", () => {
    assert.isUndefined(new Recent().percentiles())
  })

  it("have those of an independent count", () => {
    const recent = new Recent()
    const values = Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) + 1)
    for (const value of values) recent.add(value)
    assert.deepStrictEqual(recent.percentiles(), { p50: 50, p95: 95, p99: 99, samples: 100 })
  })

  it("are the latest 1,024", () => {
    const recent = new Recent()
    for (let i = 0; i < 1024; i += 1) recent.add(1000)
    for (let i = 0; i < 1024; i += 1) recent.add(1)
    assert.deepStrictEqual(recent.percentiles(), { p50: 1, p95: 1, p99: 1, samples: 1024 })
  })
})
