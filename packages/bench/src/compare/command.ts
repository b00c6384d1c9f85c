/**
 * Compares ratios of kimi-effect to other clients with the committed ones in
 * `results`. Ratios that are clearly worse are measured again, since a busy
 * machine makes single runs worse; those that stay worse in every run fail.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import type { Figure } from "../harness/Figure.ts"
import { findLoose, findUnmatched, findWorse, limitOf, merge, type Ratio, type Worse } from "./Comparison.ts"

/**
 * What is compared, each within a minute on a machine that does nothing else and
 * all within six. Ratios by an attempt that takes less than a microsecond are not
 * among them, since they differ by half between two runs.
 */
const compared = {
  agent: async () => (await import("../agent/scenario.ts")).run(true),
  batch: async () => (await import("../batch/scenario.ts")).runRatios(),
  cache: async () => (await import("../cache/scenario.ts")).run(true),
  retry: async () => (await import("../retry/scenario.ts")).runOurs(),
  simulate: async () => (await import("../simulate/scenario.ts")).runRatios(),
  stack: async () => (await import("../stack/scenario.ts")).run(true),
  swarm: async () => (await import("../swarm/scenario.ts")).runRatios(),
  telemetry: async () => (await import("../telemetry/scenario.ts")).run(true),
  transport: async () => (await import("../transport/scenario.ts")).runOurs()
}

type Compared = keyof typeof compared

const isCompared = (name: string): name is Compared => Object.hasOwn(compared, name)

/** What is wrong with the names, if anything. */
export const problemOf = (names: ReadonlyArray<string>): string | undefined => {
  const unknown = names.filter((name) => !isCompared(name))
  if (unknown.length === 0) return undefined
  return `Not compared: ${unknown.join(", ")}. Compared are ${Object.keys(compared).join(", ")}.`
}

/** The named ones, or all of them. */
const selected = (names: ReadonlyArray<string>): ReadonlyArray<Compared> =>
  (names.length > 0 ? names : Object.keys(compared)).filter(isCompared)

/** Runs after which a ratio that was worse in each of them fails. */
const maxRuns = 3

/** Runs of which the committed ratios have the values. */
const committedRuns = 3

interface Results {
  readonly scenario: string
  readonly node: string
  readonly cores: number
  readonly ratios: ReadonlyArray<Ratio>
}

const pathOf = (scenario: Compared): URL => new URL(`../../results/${scenario}.json`, import.meta.url)

const isRatio = ({ unit }: Figure): boolean => unit === "x"

const measure = async (scenario: Compared): Promise<ReadonlyArray<Ratio>> =>
  (await compared[scenario]()).filter(isRatio).map(({ isHigherBetter, name, value }) => ({
    name,
    values: [Number(value.toPrecision(4))],
    ...(isHigherBetter === true ? { isHigherBetter } : {})
  }))

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const describe = ({ best, limit, name }: Worse): string =>
  `  WORSE: ${name}: ${best.toPrecision(3)}, limit ${limit.toPrecision(3)}`

const compareScenario = async (scenario: Compared): Promise<boolean> => {
  if (!existsSync(pathOf(scenario))) {
    print(
      `${scenario}: no committed ratios. Measure them on a quiet machine: npm run bench -- compare --write ${scenario}`
    )
    return false
  }
  const committed: Results = JSON.parse(readFileSync(pathOf(scenario), "utf8"))
  let measured = await measure(scenario)
  const unmatched = findUnmatched(committed.ratios, measured)
  for (const name of unmatched) print(`  ${scenario} and its committed results do not both have: ${name}`)
  let worse = findWorse(committed.ratios, measured)
  for (let run = 1; run < maxRuns && worse.length > 0; run++) {
    print(`${scenario}: ${worse.length} of ${measured.length} ratios are worse in run ${run}; measuring again`)
    measured = merge(measured, await measure(scenario))
    worse = findWorse(committed.ratios, measured)
  }
  print(`${scenario}, each with its committed limit:`)
  for (const { name, values } of measured) {
    const before = committed.ratios.find((ratio) => ratio.name === name)
    if (before !== undefined) print(`  ${name}: ${values.join(", ")} (${limitOf(before).toPrecision(3)})`)
  }
  for (const one of worse) print(describe(one))
  if (worse.length > 0) {
    print(`If the cost is worth it, replace the committed ratios: npm run bench -- compare --write ${scenario}`)
  }
  return worse.length === 0 && unmatched.length === 0
}

/** Whether no ratio is clearly worse than the committed one. */
export const compare = async (names: ReadonlyArray<string>): Promise<boolean> => {
  let isWithin = true
  for (const scenario of selected(names)) isWithin = (await compareScenario(scenario)) && isWithin
  return isWithin
}

/** Measures the ratios to commit. */
export const write = async (names: ReadonlyArray<string>): Promise<void> => {
  for (const scenario of selected(names)) {
    let ratios: ReadonlyArray<Ratio> = []
    for (let run = 1; run <= committedRuns; run++) {
      ratios = merge(ratios, await measure(scenario))
      const results: Results = { scenario, node: process.version, cores: availableParallelism(), ratios }
      mkdirSync(new URL(".", pathOf(scenario)), { recursive: true })
      writeFileSync(pathOf(scenario), `${JSON.stringify(results, undefined, 2)}\n`)
      print(`${scenario}: run ${run} of ${committedRuns}, ${ratios.length} ratios`)
    }
    for (const { name, values } of findLoose(ratios)) {
      print(`  TOO FAR APART to notice what becomes twice as slow: ${name}: ${values.join(", ")}`)
    }
  }
}
