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

  it("puts the bar of a client whose name has a comma below that of the same quantity", () => {
    const figures = ["fetch to openai", "kimi-effect, fetch to openai"].map((bar) => ({
      name: `CPU per chat, one at a time, ${bar}`,
      value: 1,
      unit: "x"
    }))
    const titles = [...toSvg(figures).matchAll(/class="title"[^>]*>([^<]+)</g)].map(([, title]) => title)
    assert.deepStrictEqual(titles, ["CPU per chat, one at a time, multiples of openai"])
  })

  it("has a scale for the ratios to each of two clients", () => {
    const svg = toSvg([
      { name: "cost, kimi-effect to undici", value: 8, unit: "x" },
      { name: "cost, kimi-effect to openai", value: 1, unit: "x" }
    ])
    const [first, second] = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) => width)
    assert.strictEqual(second, first)
  })

  it("draws the spread of a bar over its end", () => {
    const svg = toSvg([{ name: "cost, v2", value: 2, unit: "x", quartiles: [1, 4] }])
    const [, width = "", from = "", to = ""] =
      /<rect [^>]*width="([\d.]+)"[^>]*\/>\n<path class="spread" d="M([\d.]+) [\d.]+H([\d.]+)M/.exec(svg) ?? []
    const left = Number(from) - Number(width) / 2
    // The upper quartile ends the scale: the bar is half, and the lower quartile a quarter of it.
    assert.closeTo(Number(to) - left, 2 * Number(width), 0.2)
    assert.isAtMost(Number(to), Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1]))
  })

  it("draws no spread for a figure of one round", () => {
    assert.notInclude(toSvg([{ name: "cost, v2", value: 2, unit: "x" }]), "<path")
  })
})
