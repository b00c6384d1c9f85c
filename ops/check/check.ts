/**
 * Checks the dashboard and the alerts against the telemetry of the library:
 * every query is valid and uses existing metrics, labels and outcomes, every
 * metric is on a panel, and a program under load exports no other series. Uses
 * `promtool` too, if it is installed.
 */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard"
import { parse } from "yaml"
import { build } from "../dashboard/dashboard.ts"
import { runLoad, findUnknownSeries } from "./exposition.ts"
import { metrics, metricsOf, problemsOf } from "./names.ts"

const folder = new URL("../", import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, folder), "utf8")

interface Rules {
  readonly groups: ReadonlyArray<{ readonly rules: ReadonlyArray<{ readonly alert: string; readonly expr: string }> }>
}

interface Target {
  readonly expr: string
}

interface Panel {
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: ReadonlyArray<Target>
}

const problems: Array<string> = []

const panelsOf = ({ panels = [] }: Dashboard): ReadonlyArray<Panel> => panels as ReadonlyArray<Panel>

const overlap = ({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

const dashboard = "grafana/dashboards/kimi-effect.json"
const committed: unknown = JSON.parse(read(dashboard))
if (JSON.stringify(committed) !== JSON.stringify(build())) {
  problems.push(`${dashboard} is out of date: run \`node ops/dashboard/write.ts\``)
}

const panels = panelsOf(committed as Dashboard)
const shown = new Set<string>()
for (const [index, panel] of panels.entries()) {
  for (const { expr } of panel.targets ?? []) {
    for (const problem of problemsOf(expr)) problems.push(`panel "${panel.title}" ${problem}`)
    for (const metric of metricsOf(expr)) shown.add(metric)
  }
  for (const other of panels.slice(index + 1)) {
    if (other.title === panel.title) problems.push(`there are two panels "${panel.title}"`)
    if (overlap(panel, other)) problems.push(`the panels "${panel.title}" and "${other.title}" overlap`)
  }
}
for (const metric of metrics) if (!shown.has(metric)) problems.push(`${metric} is on no panel`)

const { groups } = parse(read("prometheus/rules.yml")) as Rules
const alerts = groups.flatMap(({ rules }) => rules)
for (const { alert, expr } of alerts) {
  for (const problem of problemsOf(expr)) problems.push(`alert ${alert} ${problem}`)
}

const { problem, text } = runLoad()
problems.push(...(problem === undefined ? findUnknownSeries(text) : [problem]))

/** Optional: the grammar has already been checked above. */
const promtool = (args: ReadonlyArray<string>, input = ""): boolean => {
  const { error, status, stderr, stdout } = spawnSync("promtool", args, { cwd: folder, encoding: "utf8", input })
  if (error !== undefined) return false
  if (status !== 0) problems.push(`promtool ${args.join(" ")}\n${stdout}${stderr}`)
  return true
}
const hasPromtool = promtool(["check", "rules", "prometheus/rules.yml"])
if (hasPromtool) {
  promtool(["test", "rules", "prometheus/rules.test.yml"])
  promtool(["check", "metrics"], text)
}

const queries = panels.reduce((count, { targets = [] }) => count + targets.length, 0)
process.stdout.write(
  `  ${panels.length} panels, ${queries} queries, ${alerts.length} alerts, ${metrics.size} metrics; promtool ${hasPromtool ? "passed" : "is not installed"}\n`
)
process.stdout.write(problems.map((problem) => `  ${problem}\n`).join(""))
process.exit(problems.length === 0 ? 0 : 1)
