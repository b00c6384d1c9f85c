/**
 * `pnpm bench <scenario> [--json] [--quick] [--out <folder>]` measures one
 * scenario. `--out` also writes its figures as JSON, a chart and a page.
 *
 * The last line is one JSON object with every figure, its threshold and whether
 * it is met; `--json` prints that line alone. The exit status is 1 if a
 * threshold is missed.
 */
import { resolve } from "node:path"
import { type Figure, isMet, toJson, toTable } from "./harness/Figure.ts"
import { writeReport } from "./harness/report.ts"

const scenarios: Record<string, () => Promise<{ readonly run: (isQuick: boolean) => Promise<ReadonlyArray<Figure>> }>> =
  {
    agent: () => import("./agent/scenario.ts"),
    batch: () => import("./batch/scenario.ts"),
    cache: () => import("./cache/scenario.ts"),
    claims: () => import("./claims/scenario.ts"),
    cli: () => import("./cli/scenario.ts"),
    "cold-start": () => import("./coldStart/scenario.ts"),
    faults: () => import("./faults/scenario.ts"),
    growth: () => import("./growth/scenario.ts"),
    journal: () => import("./swarm/journal/scenario.ts"),
    retry: () => import("./retry/scenario.ts"),
    stack: () => import("./stack/scenario.ts"),
    simulate: () => import("./simulate/scenario.ts"),
    swarm: () => import("./swarm/scenario.ts"),
    telemetry: () => import("./telemetry/scenario.ts"),
    transport: () => import("./transport/scenario.ts")
  }

const [name = "", ...flags] = process.argv.slice(2)
const load = Object.hasOwn(scenarios, name) ? scenarios[name] : undefined
if (load === undefined) {
  process.stderr.write(
    `Usage: pnpm bench <${Object.keys(scenarios).join(" | ")}> [--json] [--quick] [--out <folder>]\n`
  )
  process.exit(2)
}

const scenario = await load()
const figures = await scenario.run(flags.includes("--quick"))
if (!flags.includes("--json")) process.stdout.write(`${toTable(figures)}\n`)
process.stdout.write(`${toJson(name, figures)}\n`)
const at = flags.indexOf("--out")
if (at !== -1) writeReport(resolve(flags[at + 1] ?? "figures"), name, figures)
process.exit(figures.every(isMet) ? 0 : 1)
