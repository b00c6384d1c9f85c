/**
 * Draws `docs/resilience.svg` from a simulated hour with an outage: what the
 * breaker and retries change. With `--check` it writes nothing and fails where the file is
 * not what it would write.
 *
 * The same seed has the same report, so the chart changes only with the client
 * or the simulator.
 */
import { CircuitBreaker } from "@kimi-effect/core"
import { FaultScript, Simulator } from "@kimi-effect/testing"
import type { Report } from "@kimi-effect/testing/Report"
import { tiers } from "@kimi-effect/core/RateLimits"
import * as Effect from "effect/Effect"
import { writeOrCheck } from "./generatedFile.ts"

const chart = new URL("../docs/resilience.svg", import.meta.url)

const minutes = 60
const outage = { after: 20, duration: 10 }

const comparison = await Effect.runPromise(
  Simulator.compare({
    seed: 1,
    duration: { minutes },
    traffic: { calls: 3_600 },
    host: { limits: tiers[3], failureRate: 0.1 },
    faults: [
      FaultScript.Outage({ after: { minutes: outage.after }, duration: { minutes: outage.duration }, mode: "refuse" })
    ],
    configurations: [
      { name: "defaults", client: { tier: 3 } },
      { name: "no breaker", client: { tier: 3 }, layers: CircuitBreaker.layerOff },
      { name: "no retries", client: { tier: 3, maxAttempts: 1 } }
    ]
  })
)

const reportOf = (name: string): Report => {
  const found = comparison.configurations.find((one) => one.name === name)
  if (found === undefined) throw new Error(`There is no configuration ${name}`)
  return found.report
}

// Narrow, so that text stays legible where a phone shrinks the chart to its width.
const width = 480
const [left, right, plotHeight, titleHeight, axisHeight] = [40, width - 8, 90, 26, 26]

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
const x = (minute: number): number => left + ((right - left) * minute) / minutes
const short = (value: number): string => String(Number(value.toFixed(1)))

interface Bars {
  readonly title: string
  /** Stacked from below, one value for each equal part of the hour. */
  readonly series: ReadonlyArray<{ readonly kind: "good" | "bad"; readonly values: ReadonlyArray<number> }>
}

/** Rounds up to two digits, for the axis. */
const roundUp = (value: number): number => {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1)
  return Math.ceil(value / power) * power
}

const draw = ({ series, title }: Bars, largest: number, top: number): string => {
  const parts = series[0]?.values.length ?? 0
  const [plotTop, bottom] = [top + titleHeight, top + titleHeight + plotHeight]
  const heightOf = (value: number): number => (plotHeight * value) / largest
  const bars = Array.from({ length: parts }, (_, part) => {
    let y = bottom
    return series.map(({ kind, values }) => {
      const height = heightOf(values[part] ?? 0)
      y -= height
      const barWidth = (right - left) / parts - 1
      return height === 0
        ? ""
        : `<rect class="${kind}" x="${short(x((minutes * part) / parts))}" y="${short(y)}" width="${short(barWidth)}" height="${short(height)}"/>`
    })
  })
  const ticks = [0, 10, 20, 30, 40, 50, 60].map(
    (minute) => `<text x="${short(x(minute))}" y="${bottom + 16}" text-anchor="middle">${minute}</text>`
  )
  return [
    `<text class="title" x="0" y="${top + 14}">${escaped(title)}</text>`,
    `<rect class="outage" x="${short(x(outage.after))}" y="${plotTop}" width="${short(x(outage.duration) - left)}" height="${plotHeight}"/>`,
    `<path class="grid" d="M${left} ${plotTop}H${right}M${left} ${bottom}H${right}"/>`,
    `<text x="${left - 6}" y="${plotTop + 5}" text-anchor="end">${largest}</text>`,
    `<text x="${left - 6}" y="${bottom}" text-anchor="end">0</text>`,
    ...bars.flat().filter((bar) => bar !== ""),
    ...ticks
  ].join("\n")
}

const calls = (name: string, what: string): Bars => {
  const { buckets, outsideOutages } = reportOf(name)
  return {
    title: `${what}: ${(outsideOutages.successRate * 100).toFixed(1)} % of those outside the outage succeed`,
    series: [
      { kind: "good", values: buckets.map(({ succeeded }) => succeeded) },
      { kind: "bad", values: buckets.map((bucket) => bucket.calls - bucket.succeeded) }
    ]
  }
}

/** Attempts that begin in the outage. */
const attemptsInOutage = ({ buckets }: Report): number =>
  buckets
    .filter(({ from }) => from >= outage.after * 60_000 && from < (outage.after + outage.duration) * 60_000)
    .reduce((sum, bucket) => sum + bucket.attempts, 0)

const attempts = (name: string, what: string): Bars => {
  const report = reportOf(name)
  return {
    title: `${what}: ${attemptsInOutage(report)} in the outage`,
    series: [{ kind: "good", values: report.buckets.map((bucket) => bucket.attempts) }]
  }
}

/** Groups of charts with a common scale. */
const groups: ReadonlyArray<ReadonlyArray<Bars>> = [
  [calls("no retries", "Calls without retries"), calls("defaults", "Calls with the defaults")],
  [attempts("no breaker", "Attempts without a breaker"), attempts("defaults", "Attempts with the defaults")]
]

const groupHeight = titleHeight + plotHeight + axisHeight
const drawn: Array<string> = []
for (const group of groups) {
  const sums = group.flatMap(({ series }) =>
    (series[0]?.values ?? []).map((_, part) => series.reduce((sum, { values }) => sum + (values[part] ?? 0), 0))
  )
  const largest = roundUp(Math.max(...sums))
  for (const bars of group) drawn.push(draw(bars, largest, drawn.length * groupHeight))
}

const height = drawn.length * groupHeight
const padding = 12
const [outerWidth, outerHeight] = [width + 2 * padding, height + 2 * padding]
// With a background, since the page around it may be dark where the system is light.
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${-padding} ${-padding} ${outerWidth} ${outerHeight}" width="${outerWidth}" height="${outerHeight}" role="img">
<title>Calls and attempts of a simulated hour with an outage of ten minutes</title>
<style>
text { font: 12px system-ui, sans-serif; fill: #57606a }
.title { font-weight: 600; fill: #24292f }
.grid { stroke: #d0d7de }
.page { fill: #fff }
.good { fill: #0969da }
.bad { fill: #cf222e }
.outage { fill: #cf222e; opacity: 0.12 }
@media (prefers-color-scheme: dark) {
  text { fill: #9198a1 }
  .title { fill: #f0f6fc }
  .grid { stroke: #3d444d }
  .page { fill: #0d1117 }
  .good { fill: #4493f8 }
  .bad, .outage { fill: #f85149 }
}
</style>
<rect class="page" x="${-padding}" y="${-padding}" width="${outerWidth}" height="${outerHeight}" rx="8"/>
${drawn.join("\n")}
</svg>
`

writeOrCheck(chart, svg, "scripts/resilienceCharts.ts")
