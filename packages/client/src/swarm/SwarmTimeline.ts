/**
 * Draws the report of a swarm: one row for each agent, with its calls of the model
 * and tool calls over time. It contains names and numbers, and no content.
 *
 * @since 0.1.0
 */
import * as Cost from "@kimi-effect/core/Cost"
import { defaultId } from "./internal/Settings.ts"
import type { Activity, AgentReport, SwarmReport } from "./SwarmReport.ts"

const width = 960
const left = 220
const rowHeight = 18
const top = 50

const colors = { model: "#4c78a8", tool: "#59a14f", failure: "#e15759", waiting: "#d9dde3" }

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")

/** The label of a time. Labels of one axis have the unit of its end. */
const timeLabel = (millis: number, end: number = millis): string =>
  end < 1_000 ? `${millis.toFixed(end < 10 ? 1 : 0)} ms` : `${(millis / 1_000).toFixed(1)} s`

const round = (value: number): string => value.toFixed(1)

const rect = (x: number, y: number, length: number, height: number, color: string, title: string): string =>
  `<rect x="${round(x)}" y="${y}" width="${round(Math.max(length, 0.5))}" height="${height}" fill="${color}"><title>${escape(title)}</title></rect>`

const colorOf = ({ isFailure, kind }: Activity): string => (isFailure ? colors.failure : colors[kind])

/** The middle of a long id is left out: its end distinguishes agents of the same name. */
const labelOf = (id: string): string => (id.length > 34 ? `${id.slice(0, 22)}…${id.slice(-11)}` : id)

const legend = [
  ["call of the model", colors.model],
  ["tool call", colors.tool],
  ["failure", colors.failure],
  ["waits", colors.waiting]
] as const

const legendRow = (): string =>
  legend
    .map(([name, color], index) => {
      const x = left + index * 140
      return `<rect x="${x}" y="6" width="10" height="10" fill="${color}"/><text x="${x + 15}" y="15">${name}</text>`
    })
    .join("")

const row = (agent: AgentReport, index: number, scale: (millis: number) => number): string => {
  const y = top + index * rowHeight
  const length = scale(agent.end) - scale(agent.start)
  const bars = agent.activities.map((activity) => {
    const { end, name, start } = activity
    return rect(
      scale(start),
      y + 4,
      scale(end) - scale(start),
      10,
      colorOf(activity),
      `${name}, ${timeLabel(end - start)}`
    )
  })
  return [
    `<text x="4" y="${y + 13}">${escape(labelOf(agent.id))}</text>`,
    rect(scale(agent.start), y + 8, length, 2, colors.waiting, `${agent.id}: ${agent.outcome}`),
    ...bars
  ].join("")
}

/**
 * The timeline as an SVG image. Calls of the model, tool calls, failures and waits
 * have the colors of its legend, and each bar its name and duration as a tooltip.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toSvg = ({ agents, id, wallMillis }: SwarmReport): string => {
  const end = Math.max(1, wallMillis)
  const scale = (millis: number): number => left + (millis / end) * (width - left - 10)
  const height = top + agents.length * rowHeight + 8
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const x = round(scale(part * end))
    return `<line x1="${x}" y1="${top - 6}" x2="${x}" y2="${height - 8}" stroke="#eceff3"/><text x="${x}" y="${top - 12}" text-anchor="${part === 1 ? "end" : "middle"}">${timeLabel(part * end, end)}</text>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="11" role="img" aria-label="Timeline of ${escape(id)}">`,
    legendRow(),
    ...ticks,
    ...agents.map((agent, index) => row(agent, index, scale)),
    "</svg>"
  ].join("\n")
}

const cells = (values: ReadonlyArray<string | number>, tag: "td" | "th"): string =>
  `<tr>${values.map((value) => `<${tag}>${escape(String(value))}</${tag}>`).join("")}</tr>`

const costOf = (cost: SwarmReport["cost"]): string => cost.map(Cost.format).join(" + ") || "–"

const figures = (report: SwarmReport): ReadonlyArray<readonly [string, string | number]> => [
  ["agents", report.agents.length],
  ["steps", report.steps],
  ["critical steps", report.criticalSteps],
  ["tool calls", report.toolCalls],
  ["wall time", timeLabel(report.wallMillis)],
  ["work time", timeLabel(report.workMillis)],
  ["speed-up", `${report.speedUp.toFixed(1)}x`],
  ["tokens", report.usage.total_tokens],
  ["from the host's cache", `${(report.cacheShare * 100).toFixed(0)} %`],
  ["cost", costOf(report.cost)]
]

/** Wide parts scroll on a phone instead of shrinking below what can be read. */
const style =
  ":root{color-scheme:light dark}body{font:14px system-ui,sans-serif;margin:2em;color:#1f2937;background:#fff}" +
  "table{border-collapse:collapse;margin:1em 0}td,th{padding:.2em .8em;text-align:left;border-bottom:1px solid #8884;white-space:nowrap}" +
  ".wide{overflow-x:auto}svg{min-width:640px;max-width:100%;height:auto}svg text{fill:currentColor}svg line{stroke:#8884}" +
  "@media(max-width:600px){body{margin:1em}}@media(prefers-color-scheme:dark){body{color:#e5e7eb;background:#111827}}"

const wide = (part: string): string => `<div class="wide">${part}</div>`

/**
 * One page with the figures, the timeline and the agents. It loads nothing.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toHtml = (report: SwarmReport): string => {
  const title = report.id === defaultId ? "Swarm" : escape(`Swarm ${report.id}`)
  const agents = report.agents.map(({ cost, error, id, outcome, parent = "", requeues, steps, toolCalls, usage }) =>
    cells([id, parent, error ?? outcome, steps, toolCalls, requeues, usage.total_tokens, costOf(cost)], "td")
  )
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title><style>${style}</style></head><body>`,
    `<h1>${title}</h1>`,
    `<table>${figures(report)
      .map((figure) => cells(figure, "td"))
      .join("")}</table>`,
    wide(toSvg(report)),
    wide(
      `<table>${cells(["agent", "assigned by", "outcome", "steps", "tool calls", "requeues", "tokens", "cost"], "th")}${agents.join("")}</table>`
    ),
    "</body></html>"
  ].join("\n")
}
