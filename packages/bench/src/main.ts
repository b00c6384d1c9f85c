/**
 * `npm run bench -- <scenario> [--json] [--quick] [--out <folder>]` measures one
 * scenario on the packed packages. `--out` also writes its figures as JSON, a
 * chart and a page.
 *
 * The last line is one JSON object with every figure, its threshold and whether
 * it is met; `--json` prints that line alone. The exit status is 1 if a
 * threshold is missed.
 *
 * `npm run bench -- compare` measures ratios again and compares them with the
 * committed ones, `compare --write` replaces those.
 */
import { resolve } from "node:path"
import { isMet, toJson, toTable } from "./harness/Figure.ts"
import { writeReport } from "./harness/report.ts"
import { isScenario, scenarios } from "./scenarios.ts"

const [name = "", ...flags] = process.argv.slice(2)

if (name === "compare") {
  const { compare, problemOf, write } = await import("./compare/command.ts")
  const problem = problemOf(flags)
  if (problem !== undefined) {
    process.stderr.write(`${problem}\n`)
    process.exit(2)
  }
  if (flags.includes("--write")) {
    await write(flags)
    process.exit(0)
  }
  process.exit((await compare(flags)) ? 0 : 1)
}

if (!isScenario(name)) {
  process.stderr.write(
    `Usage: npm run bench -- <${Object.keys(scenarios).join(" | ")}> [--json] [--quick] [--out <folder>]\n` +
      "       npm run bench -- compare [--write] [scenario …]\n"
  )
  process.exit(2)
}

const scenario = await scenarios[name]()
const figures = await scenario.run(flags.includes("--quick"))
if (!flags.includes("--json")) process.stdout.write(`${toTable(figures)}\n`)
process.stdout.write(`${toJson(name, figures)}\n`)
const at = flags.indexOf("--out")
if (at !== -1) writeReport(resolve(flags[at + 1] ?? "figures"), name, figures)
process.exit(figures.every(isMet) ? 0 : 1)
