/**
 * Draws `docs/figures.svg` from the table of CPU and heap in `README.md`, so that
 * chart and table have the same figures. With `--check` it writes nothing and
 * fails where the file is not what it would write.
 */
import { readFileSync } from "node:fs"
import { writeOrCheck } from "./generatedFile.ts"

const readme = new URL("../README.md", import.meta.url)
const chart = new URL("../docs/figures.svg", import.meta.url)

const cellsOf = (line: string): ReadonlyArray<string> =>
  line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim())

const lines = readFileSync(readme, "utf8").split("\n")
const head = lines.findIndex((line) => line.startsWith("| | kimi-effect | full |"))
if (head === -1) throw new Error("README.md: the table of figures is missing")
const contestants = cellsOf(lines[head] ?? "").slice(1)
const rows = lines
  .slice(head + 2)
  .slice(
    0,
    lines.slice(head + 2).findIndex((line) => !line.startsWith("|"))
  )
  .map(cellsOf)

/** `0.19–0.23` is drawn as its upper end. */
const upperEnd = (cell: string): number => {
  const value = Number(cell.split("–").at(-1))
  if (!Number.isFinite(value)) throw new Error(`README.md: ${cell} is not a figure`)
  return value
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

const names = [...contestants, "openai-node"]
/** The columns of this library, with what the chart calls them. */
const own = new Map([
  ["kimi-effect", "kimi-effect"],
  ["full", "kimi-effect, full"],
  ["audit", "kimi-effect, full, audit"]
])
const labelWidth = 190
const width = 760
const barHeight = 14
const titleHeight = 34
const groupHeight = titleHeight + names.length * (barHeight + 4) + 8
const largest = Math.max(...rows.flatMap((row) => row.slice(1).map(upperEnd)))
const scale = (width - labelWidth - 60) / largest

const bar = (name: string, value: number, text: string, top: number): string => {
  const kind = own.has(name) ? "own" : "other"
  const label = own.get(name) ?? name
  const middle = top + barHeight - 3
  return [
    `<text x="${labelWidth - 8}" y="${middle}" text-anchor="end">${escaped(label)}</text>`,
    `<rect class="${kind}" x="${labelWidth}" y="${top}" width="${(value * scale).toFixed(1)}" height="${barHeight}"/>`,
    `<text x="${(labelWidth + value * scale + 6).toFixed(1)}" y="${middle}">${text}</text>`
  ].join("\n")
}

const group = ([title = "", ...cells]: ReadonlyArray<string>, index: number): string => {
  const top = index * groupHeight + 28
  const figures = [...cells, "1"].map((cell, at) => ({ name: names[at] ?? "", cell, value: upperEnd(cell) }))
  const bars = figures
    .toSorted((a, b) => a.value - b.value)
    .map(({ cell, name, value }, at) => bar(name, value, cell, top + titleHeight - 14 + at * (barHeight + 4)))
  return [`<text class="title" x="8" y="${top + 8}">${escaped(title)}</text>`, ...bars].join("\n")
}

const height = rows.length * groupHeight + 36
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>CPU and heap as multiples of openai-node's; less is better</title>
<style>
text { font: 12px system-ui, sans-serif; fill: #57606a }
.title { font-weight: 600; fill: #24292f }
.own { fill: #0969da }
.other { fill: #afb8c1 }
@media (prefers-color-scheme: dark) {
  text { fill: #9198a1 }
  .title { fill: #f0f6fc }
  .own { fill: #4493f8 }
  .other { fill: #3d444d }
}
</style>
<text x="8" y="18">Multiples of openai-node's; less is better. Bars end at the upper end of a range.</text>
${rows.map(group).join("\n")}
</svg>
`

writeOrCheck(chart, svg, "scripts/charts.ts")
