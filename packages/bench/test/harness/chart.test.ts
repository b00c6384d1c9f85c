import { assert, describe, it } from "vitest"
import { toSvg } from "../../src/harness/chart.ts"

describe("chart", () => {
  it("has one title for the bars of a quantity", () => {
    const svg = toSvg([
      { name: "latency, mean, v1", value: 2, unit: "ms" },
      { name: "latency, mean, v2", value: 1, unit: "ms" }
    ])
    assert.strictEqual(svg.split("latency, mean (ms)").length, 2)
  })

  it("shows the missed threshold of a figure", () => {
    const svg = toSvg([
      { name: "calls that succeed, v2", value: 0.9, unit: "of 1", threshold: 0.99, isHigherBetter: true }
    ])
    assert.include(svg, "0.9 (≥ 0.99, missed)")
  })

  it("draws bars in proportion to the largest of their group", () => {
    const svg = toSvg([
      { name: "cost, v1", value: 4, unit: "x" },
      { name: "cost, v2", value: 1, unit: "x" }
    ])
    const [largest = 0, other] = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width))
    assert.strictEqual(other, largest / 4)
  })

  it("escapes the markup in names", () => {
    assert.include(toSvg([{ name: "a<b, v1", value: 1, unit: "" }]), "a&lt;b")
  })
})
