/** The figures of a scenario as a chart in SVG: bars in groups, one for each quantity, in light and dark. */
import { type Figure, isMet } from "./Figure.ts"

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }

export const escape = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (character) => escapes[character] ?? character)

/** "latency, mean, v2" is the bar "v2" of the quantity "latency, mean". Only the names of some of our bars have a comma. */
const partsOf = (name: string): readonly [quantity: string, bar: string] => {
  const [, quantity = name, bar = ""] = /^(.+?), ((?:kimi-effect, )?[^,]+)$/.exec(name) ?? []
  return [quantity, bar]
}

/** Ratios to different clients have a scale each: "v2 to openai" is the bar "v2" among the multiples of openai. */
const basePattern = / to (undici|openai)$/

const groupOf = ({ name, unit }: Figure): string => {
  const [quantity, bar] = partsOf(name)
  const [, base] = basePattern.exec(bar) ?? []
  if (base !== undefined) return `${quantity}, multiples of ${base}`
  return unit === "" ? quantity : `${quantity} (${unit})`
}

const barOf = ({ name }: Figure): string => partsOf(name)[1].replace(basePattern, "")

const isOurs = (figure: Figure): boolean => /^(?:kimi-effect|v2)/.test(barOf(figure))

/** Narrow, so that text stays legible where a phone shrinks the chart to its width. */
const chartWidth = 440
const [labelWidth, valueWidth, lineHeight, barHeight, gap] = [150, 120, 17, 13, 16]
const barWidth = chartWidth - labelWidth - valueWidth

/** Characters of a title in a line, and of a label left of its bar. */
const [titleLength, labelLength] = [60, 22]

const linesOf = (text: string): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const word of text.split(" ")) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length + 1 > titleLength) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

const numberOf = (value: number): string =>
  (Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(3))).toLocaleString("en-US", {
    maximumFractionDigits: 6
  })

const valueOf = (figure: Figure): string => {
  const { isHigherBetter, threshold, value } = figure
  if (threshold === undefined) return numberOf(value)
  return `${numberOf(value)} (${isHigherBetter === true ? "≥" : "≤"} ${numberOf(threshold)}${isMet(figure) ? "" : ", missed"})`
}

/** A part of the chart, drawn at a height, and the height below it. */
interface Drawn {
  readonly svg: string
  readonly bottom: number
}

/** A line over the end of a bar, between the quartiles of its rounds. */
const drawSpread = ([lower, upper]: readonly [number, number], y: number): string => {
  const [from, to, middle] = [(labelWidth + lower).toFixed(1), (labelWidth + upper).toFixed(1), y + barHeight / 2]
  return `<path class="spread" d="M${from} ${middle}H${to}M${from} ${middle - 3}v6M${to} ${middle - 3}v6"/>`
}

const drawBar = (figure: Figure, kind: string, largest: number, top: number): Drawn => {
  const label = escape(barOf(figure))
  const isLong = label.length > labelLength
  const y = isLong ? top + lineHeight : top
  const lengthOf = (value: number): number => (largest > 0 ? Math.max(1, (value / largest) * barWidth) : 1)
  const width = lengthOf(figure.value)
  const [lower, upper] = figure.quartiles ?? [figure.value, figure.value]
  const spread = [lengthOf(lower), lengthOf(upper)] as const
  const baseline = y + barHeight - 2
  return {
    svg: [
      isLong
        ? `<text x="${labelWidth}" y="${top + barHeight - 2}">${label}</text>`
        : `<text x="${labelWidth - 8}" y="${baseline}" text-anchor="end">${label}</text>`,
      `<rect class="${isMet(figure) ? kind : "missed"}" x="${labelWidth}" y="${y}" width="${width.toFixed(1)}" height="${barHeight}"/>`,
      ...(figure.quartiles === undefined ? [] : [drawSpread(spread, y)]),
      `<text x="${(labelWidth + Math.max(width, spread[1]) + 6).toFixed(1)}" y="${baseline}">${valueOf(figure)}</text>`
    ].join("\n"),
    bottom: y + lineHeight
  }
}

const drawGroup = (title: string, members: ReadonlyArray<Figure>, top: number): Drawn => {
  const lines = linesOf(title)
  const parts = lines.map(
    (line, at) => `<text class="title" x="0" y="${top + at * lineHeight + 13}">${escape(line)}</text>`
  )
  let bottom = top + lines.length * lineHeight + 4
  const largest = Math.max(...members.map(({ quartiles, value }) => Math.max(value, quartiles?.[1] ?? value)))
  const hasOthers = members.some((figure) => !isOurs(figure)) && members.some(isOurs)
  for (const figure of members) {
    const bar = drawBar(figure, hasOthers && !isOurs(figure) ? "other" : "own", largest, bottom)
    parts.push(bar.svg)
    bottom = bar.bottom
  }
  return { svg: parts.join("\n"), bottom: bottom + gap }
}

const style = `.figures text { font: 12px system-ui, sans-serif; fill: #57606a }
.figures .title { font-weight: 600; fill: #24292f }
.figures .own { fill: #0969da }
.figures .other { fill: #afb8c1 }
.figures .missed { fill: #cf222e }
.figures .spread { stroke: #24292f; stroke-width: 1.5; fill: none }
@media (prefers-color-scheme: dark) {
  .figures text { fill: #9198a1 }
  .figures .title { fill: #f0f6fc }
  .figures .own { fill: #4493f8 }
  .figures .other { fill: #656c76 }
  .figures .missed { fill: #f85149 }
  .figures .spread { stroke: #f0f6fc }
}`

/** The figures as bars, one group of bars for each quantity. */
export const toSvg = (figures: ReadonlyArray<Figure>): string => {
  const groups = Map.groupBy(
    figures.filter(({ value }) => Number.isFinite(value)),
    groupOf
  )
  const parts: Array<string> = []
  let height = 0
  for (const [title, members] of groups) {
    const { bottom, svg } = drawGroup(title, members, height)
    parts.push(svg)
    height = bottom
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" class="figures" viewBox="0 0 ${chartWidth} ${height}" width="${chartWidth}" height="${height}" role="img">
<style>
${style}
</style>
${parts.join("\n")}
</svg>
`
}
