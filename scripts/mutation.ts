/**
 * `npm run mutation -- <target> …`: changes the code of targets in small ways
 * with Stryker, and runs the tests of their folder for each change. Prints the
 * changes that no test noticed, and the score. Exits with 1 when Stryker fails,
 * a test fails without a change, fewer than 90 % of the changes are noticed, or
 * one of the others is neither the text of a message nor in
 * `mutation/survivors.json`, which states why it does no harm; and with 2 for an unknown target. Targets of one run are in one folder.
 *
 * A target is a row of the table, or a file or folder in one of its folders, such as
 * `resilience/Backoff.ts` or `cache/internal/key`. Results are kept in
 * `node_modules/.cache/stryker`, and the next run repeats only what has
 * changed. `--tests <text>`, which can be repeated, runs only test files whose path
 * contains the text. `KIMI_MUTATION_WORKERS` sets the number of processes; the default is
 * the number of cores less one. Code that runs once, when a module is loaded,
 * is only changed with `KIMI_MUTATION_STATIC=1`, because each such change takes
 * a separate process.
 */
import { existsSync, globSync, mkdirSync } from "node:fs"
import { availableParallelism } from "node:os"
import { parseArgs } from "node:util"
import { Stryker } from "@stryker-mutator/core"
import { relatedTests } from "./mutation/relatedTests.ts"
import * as Survivors from "./mutation/Survivors.ts"

const root = new URL("..", import.meta.url).pathname
const results = "node_modules/.cache/stryker"

interface Target {
  readonly package: string
  readonly files: ReadonlyArray<string>
  readonly tests: ReadonlyArray<string>
  /** Tests of other packages: the contracts of stores, and what needs a Redis. */
  readonly otherTests?: string
}

const folder = (name: string, otherTests: string): Target => ({
  package: "packages/core",
  files: [`src/${name}/**/*.ts`],
  // Invalid options of every module are in one file.
  tests: [`test/${name}/**/*.test.ts`, "test/options.test.ts"],
  otherTests: `packages/client/test/node/${otherTests}.test.ts`
})

/** Errors are mapped by these files together. */
const errorModules = ["mapError", "statusErrors", "badRequestMessages", "rateLimitMessages"]

const targets: Readonly<Record<string, Target>> = {
  resilience: folder(
    "resilience",
    "{Admission.contract,Admission.script,Admission,CircuitBreaker.contract,CircuitBreaker}"
  ),
  cache: folder("cache", "CacheStore.{contract,redis}"),
  money: folder("money", "BudgetStore.{contract,redis}"),
  mapError: {
    package: "packages/client",
    files: errorModules.map((file) => `src/internal/${file}.ts`),
    tests: [`test/internal/{${errorModules.join(",")}}*.test.ts`]
  }
}

/** The files of a target. */
const filesOf = (name: string): ReadonlyArray<string> => {
  const [first = "", ...rest] = name.split("/")
  const target = Object.hasOwn(targets, first) ? targets[first] : undefined
  if (target === undefined || rest.length === 0) return target?.files ?? []
  const path = `src/${name}`
  if (rest.includes("..") || !existsSync(`${root}${target.package}/${path}`)) return []
  return [path.endsWith(".ts") ? path : `${path}/**/*.ts`]
}

const { positionals: names, values } = parseArgs({
  allowPositionals: true,
  options: { tests: { type: "string", multiple: true, default: [""] } }
})
const [folderName = "", ...otherFolders] = new Set(names.map((name) => name.split("/")[0]))
const target = otherFolders.length > 0 || !Object.hasOwn(targets, folderName) ? undefined : targets[folderName]
if (target === undefined || names.some((name) => filesOf(name).length === 0)) {
  const known = Object.keys(targets).join(", ")
  process.stderr.write(
    `Usage: npm run mutation -- [--tests <text>] <target> …, one of ${known}, or files or folders of one, such as resilience/Backoff.ts\n`
  )
  process.exit(2)
}

const workers = Number(process.env["KIMI_MUTATION_WORKERS"] ?? Math.max(1, availableParallelism() - 1))
if (!Number.isInteger(workers) || workers < 1) {
  process.stderr.write("KIMI_MUTATION_WORKERS must be a whole number from 1\n")
  process.exit(2)
}

process.chdir(root)
const inPackage = (paths: ReadonlyArray<string>): ReadonlyArray<string> =>
  paths.map((path) => `${target.package}/${path}`)
const mutated = globSync(inPackage(names.flatMap(filesOf)))
const allTests = globSync(inPackage(target.tests))
const tests = [
  ...relatedTests(allTests.toSorted(), mutated),
  ...globSync(target.otherTests ?? [])
    .toSorted()
    .map((path) => `${root}${path}`)
].filter((path) => values.tests.some((part) => path.includes(part)))
/** Files that are not copied. The tests of core use the clock of the testing package. */
const otherPackages = ["packages/bench", "packages/cli", "packages/testing/test", "packages/client"].filter(
  (path) => path !== target.package
)
// Read by `scripts/mutation/runner.ts`.
process.env["KIMI_MUTATION_TESTS"] = JSON.stringify(tests)
process.env["KIMI_MUTATION_PACKAGE"] = JSON.stringify({
  name: target.package.replace("packages", "@kimi-effect"),
  path: target.package
})
mkdirSync(results, { recursive: true })
try {
  const mutants = await new Stryker({
    mutate: mutated,
    testRunner: "in-process",
    plugins: [`${root}scripts/mutation/runner.ts`],
    // Stryker would rewrite it with the compiler's JavaScript API, which TypeScript 7 does not have.
    tsconfigFile: "none",
    disableTypeChecks: false,
    coverageAnalysis: "perTest",
    incremental: true,
    incrementalFile: `${results}/${folderName}.json`,
    reporters: ["progress-append-only"],
    // Of each folder, so that runs of two folders do not remove each other's files.
    tempDirName: `.stryker-tmp/${folderName}`,
    dryRunTimeoutMinutes: 60,
    // Tests load other packages from where they are.
    ignorePatterns: [".stryker-tmp", "dist", "docs", "examples", "ops", "scripts", ...otherPackages],
    cleanTempDir: "always",
    ignoreStatic: process.env["KIMI_MUTATION_STATIC"] !== "1",
    // Only for code that never gives up the thread: tests that do not end have shorter limits.
    timeoutMS: 30_000,
    concurrency: workers
  }).runMutationTest()
  process.exitCode = Survivors.report(mutants, root) ? 0 : 1
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
