/**
 * `npm run mutation -- <target>`: changes the code of a target in small ways
 * with Stryker, and runs the tests of its folder for each change. Prints the
 * changes that no test noticed, and the score. Exits with 1 when Stryker fails
 * or a test fails without a change, and with 2 for an unknown target.
 *
 * A target is a row of the table, or a file in one of its folders, such as
 * `resilience/Backoff.ts`. Results are kept in `node_modules/.cache/stryker`,
 * and the next run repeats only what has changed. `KIMI_MUTATION_WORKERS` sets
 * the number of processes; the default is the number of cores less one. Code
 * that runs once, when a module is loaded, is only changed with
 * `KIMI_MUTATION_STATIC=1`, because each such change takes a run of all tests.
 */
import { existsSync, mkdirSync } from "node:fs"
import { availableParallelism } from "node:os"
import { Stryker } from "@stryker-mutator/core"

const root = new URL("..", import.meta.url).pathname
const results = "node_modules/.cache/stryker"

interface Target {
  readonly package: string
  readonly files: ReadonlyArray<string>
  readonly tests: string
}

const folder = (name: string): Target => ({
  package: "packages/core",
  files: [`src/${name}/**/*.ts`],
  tests: `test/${name}/**/*.test.ts`
})

/** Errors are mapped by these files together. */
const errorModules = ["mapError", "statusErrors", "badRequestMessages", "rateLimitMessages"]

const targets: Readonly<Record<string, Target>> = {
  resilience: folder("resilience"),
  cache: folder("cache"),
  money: folder("money"),
  mapError: {
    package: "packages/client",
    files: errorModules.map((file) => `src/internal/${file}.ts`),
    tests: `test/internal/{${errorModules.join(",")}}*.test.ts`
  }
}

const targetOf = (name: string): Target | undefined => {
  const [first = "", ...rest] = name.split("/")
  const target = Object.hasOwn(targets, first) ? targets[first] : undefined
  if (target === undefined || rest.length === 0) return target
  const file = `src/${name}`
  const isFile = !rest.includes("..") && file.endsWith(".ts") && existsSync(`${root}${target.package}/${file}`)
  return isFile ? { ...target, files: [file] } : undefined
}

const [name = "", ...others] = process.argv.slice(2)
const target = others.length > 0 ? undefined : targetOf(name)
if (target === undefined) {
  const known = Object.keys(targets).join(", ")
  process.stderr.write(
    `Usage: npm run mutation -- <target>, one of ${known}, or a file such as resilience/Backoff.ts\n`
  )
  process.exit(2)
}

const workers = Number(process.env["KIMI_MUTATION_WORKERS"] ?? Math.max(1, availableParallelism() - 1))
if (!Number.isInteger(workers) || workers < 1) {
  process.stderr.write("KIMI_MUTATION_WORKERS must be a whole number from 1\n")
  process.exit(2)
}

process.chdir(root)
// Read by `scripts/mutation/vitest.config.ts`.
process.env["KIMI_MUTATION_PACKAGE"] = target.package
process.env["KIMI_MUTATION_TESTS"] = target.tests
mkdirSync(results, { recursive: true })
try {
  await new Stryker({
    mutate: target.files.map((file) => `${target.package}/${file}`),
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner"],
    vitest: { configFile: "scripts/mutation/vitest.config.ts" },
    // Stryker would rewrite it with the compiler's JavaScript API, which TypeScript 7 does not have.
    tsconfigFile: "none",
    disableTypeChecks: false,
    coverageAnalysis: "perTest",
    incremental: true,
    incrementalFile: `${results}/${name.replaceAll("/", "-")}.json`,
    reporters: ["clear-text"],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
    tempDirName: ".stryker-tmp",
    cleanTempDir: "always",
    ignoreStatic: process.env["KIMI_MUTATION_STATIC"] !== "1",
    concurrency: workers
  }).runMutationTest()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
