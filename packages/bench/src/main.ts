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
import { type CompareCommand, type MeasureCommand, parse } from "./commandLine.ts"
import { isMet, toJson, toTable } from "./harness/Figure.ts"
import { writeReport } from "./harness/report.ts"
import { isScenario, scenarios } from "./scenarios.ts"

const usage =
  `Usage: npm run bench -- <${Object.keys(scenarios).join(" | ")}> [--json] [--quick] [--out <folder>]\n` +
  "       npm run bench -- compare [--write] [scenario …]\n"

const refuse = (problem: string): never => {
  process.stderr.write(problem)
  return process.exit(2)
}

const runCompare = async ({ isWrite, scenarios: names }: CompareCommand): Promise<boolean> => {
  const { compare, problemOf, write } = await import("./compare/command.ts")
  const problem = problemOf(names)
  if (problem !== undefined) return refuse(`${problem}\n`)
  if (!isWrite) return compare(names)
  await write(names)
  return true
}

const runScenario = async ({ isJson, isQuick, out, scenario: name }: MeasureCommand): Promise<boolean> => {
  if (!isScenario(name)) return refuse(usage)
  const scenario = await scenarios[name]()
  const figures = await scenario.run(isQuick)
  if (!isJson) process.stdout.write(`${toTable(figures)}\n`)
  process.stdout.write(`${toJson(name, figures)}\n`)
  if (out !== undefined) writeReport(resolve(out), name, figures)
  return figures.every(isMet)
}

const readCommand = (): CompareCommand | MeasureCommand => {
  try {
    return parse(process.argv.slice(2))
  } catch (error) {
    return refuse(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  }
}

const command = readCommand()
process.exit((await (command.name === "compare" ? runCompare(command) : runScenario(command))) ? 0 : 1)
