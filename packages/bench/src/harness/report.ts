/** Figures as files: JSON, a chart in SVG for each scenario, and one page with all of them. */
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Figure, toJson } from "./Figure.ts"

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }
const escape = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => escapes[character] ?? character)

/** "latency, mean, v2" is the bar "v2" of the quantity "latency, mean". The names of three of our bars have a comma. */
const partsOf = (name: string): readonly [quantity: string, bar: string] => {
  const [, quantity = name, bar = ""] = /^(.+?), ([^,]+(?:, (?:full|fetch|recovery)(?: to openai)?)?)$/.exec(name) ?? []
  return [quantity, bar]
}

const groupOf = ({ name, unit }: Figure): string => `${partsOf(name)[0]} (${unit || "count"})`
const barOf = ({ name }: Figure): string => partsOf(name)[1]

const [barHeight, titleHeight, labelWidth, barWidth] = [18, 30, 220, 420]

const bar = (figure: Figure, largest: number, y: number): string => {
  const width = largest > 0 ? Math.max(1, (figure.value / largest) * barWidth) : 1
  const value = Number(figure.value.toPrecision(3))
  return [
    `<text x="${labelWidth - 8}" y="${y + 13}" text-anchor="end">${escape(barOf(figure))}</text>`,
    `<rect x="${labelWidth}" y="${y}" width="${width.toFixed(1)}" height="${barHeight - 4}" fill="#4a6fa5"/>`,
    `<text x="${labelWidth + width + 6}" y="${y + 13}">${value}</text>`
  ].join("")
}

/** The figures as bars, one group of bars for each quantity. */
const toSvg = (figures: ReadonlyArray<Figure>): string => {
  const groups = Map.groupBy(
    figures.filter(({ value }) => Number.isFinite(value)),
    groupOf
  )
  const parts: Array<string> = []
  let y = 0
  for (const [title, members] of groups) {
    parts.push(`<text x="0" y="${y + 20}" font-weight="bold">${escape(title)}</text>`)
    y += titleHeight
    const largest = Math.max(...members.map(({ value }) => value))
    for (const figure of members) {
      parts.push(bar(figure, largest, y))
      y += barHeight
    }
  }
  const width = labelWidth + barWidth + 100
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y + 10}" font-family="sans-serif" font-size="12">${parts.join("")}</svg>\n`
}

const section = (folder: string, file: string): string => {
  const scenario = file.replace(/\.json$/, "")
  const { node } = JSON.parse(readFileSync(join(folder, file), "utf8"))
  const svg = readFileSync(join(folder, `${scenario}.svg`), "utf8")
  return `<h2>${escape(scenario)}</h2><p>Node ${escape(String(node))}, <a href="${escape(file)}">figures as JSON</a></p>${svg}`
}

/** Writes the files of a scenario into a folder, and the page with all scenarios that are in it. */
export const writeReport = (folder: string, scenario: string, figures: ReadonlyArray<Figure>): void => {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${scenario}.json`), `${toJson(scenario, figures)}\n`)
  writeFileSync(join(folder, `${scenario}.svg`), toSvg(figures))
  const sections = globSync("*.json", { cwd: folder })
    .toSorted()
    .map((file) => section(folder, file))
  writeFileSync(
    join(folder, "index.html"),
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Figures of kimi-effect</title><body>${sections.join("")}</body></html>\n`
  )
}
