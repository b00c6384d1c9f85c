/**
 * Every check of the repository, in the order in which a failure is cheapest
 * to see. Stops at the first that fails.
 *
 * `node scripts/check.ts <step> …` runs the named steps alone.
 */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { availableParallelism } from "node:os"

const root = new URL("..", import.meta.url).pathname

interface Step {
  readonly name: string
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env?: Record<string, string>
}

const report = "node_modules/.cache/vitest.json"

const steps: ReadonlyArray<Step> = [
  { name: "format", command: "oxfmt", args: ["--check", "."] },
  { name: "lint", command: "oxlint", args: ["--deny-warnings", "packages", "examples", "ops", "scripts"] },
  {
    name: "types",
    command: "tsc",
    args: ["-b", "packages/core", "packages/client", "packages/testing", "packages/bench"]
  },
  { name: "types of tests and examples", command: "tsc", args: ["-p", "tsconfig.json"] },
  {
    name: "type tests",
    command: "tstyche",
    args: [],
    // tstyche needs the compiler's JavaScript API, which TypeScript 7 does not have.
    env: { TSTYCHE_TYPESCRIPT_MODULE: `${root}node_modules/typescript6/lib/typescript.js` }
  },
  { name: "exports", command: "node", args: ["scripts/exports.ts"] },
  { name: "browser", command: "node", args: ["scripts/browser.ts"] },
  { name: "unused", command: "knip", args: ["--no-progress"] },
  { name: "ops", command: "node", args: ["ops/check/check.ts"] },
  { name: "docs", command: "node", args: ["scripts/docs.ts"] },
  { name: "telemetry reference", command: "node", args: ["scripts/telemetry.ts", "--check"] },
  { name: "error reference", command: "node", args: ["scripts/errors.ts", "--check"] },
  { name: "test names", command: "node", args: ["scripts/tests.ts"] },
  { name: "packages", command: "node", args: ["scripts/packages.ts"] },
  { name: "examples", command: "node", args: ["scripts/examples.ts"] },
  {
    name: "tests",
    command: "vitest",
    args: ["run", "--reporter=dot", "--reporter=json", `--outputFile.json=${report}`]
  }
]

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !steps.some((step) => step.name === name))
if (unknown.length > 0) {
  process.stderr.write(`No such step: ${unknown.join(", ")}. Steps: ${steps.map(({ name }) => name).join(", ")}\n`)
  process.exit(2)
}

process.stdout.write(`node ${process.version}, ${availableParallelism()} cores\n`)
for (const { name, command, args, env } of steps) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const start = performance.now()
  process.stdout.write(`\n— ${name}\n`)
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } })
  if (status !== 0) {
    process.stderr.write(`\n${name} failed\n`)
    process.exit(1)
  }
  process.stdout.write(`  ${name}: ${((performance.now() - start) / 1000).toFixed(1)} s\n`)
  if (name !== "tests") continue
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(root + report, "utf8"))
  process.stdout.write(`\n${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped\n`)
}
