/**
 * The checks of `npm test`, the fastest to fail first: groups of steps that run
 * side by side. `node scripts/check.ts <step> …` runs the named steps alone. Long tests run as short samples here
 * and at full length in `npm run check:deep`.
 */
import { readFileSync } from "node:fs"
import { runSteps } from "./steps.ts"

const root = new URL("..", import.meta.url).pathname
const report = "node_modules/.cache/vitest.json"

const printTestCounts = (): void => {
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(root + report, "utf8"))
  process.stdout.write(`\n${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped\n`)
}

await runSteps([
  [
    { name: "format", command: "oxfmt", args: ["--check", "."] },
    { name: "lint", command: "oxlint", args: ["--deny-warnings", "packages", "examples", "ops", "scripts", "test"] },
    { name: "vocabulary", command: "node", args: ["scripts/vocabulary.ts", "--check"] }
  ],
  [
    {
      name: "types",
      command: "tsc",
      args: ["-b", "packages/core", "packages/client", "packages/testing", "packages/cli", "packages/bench"]
    }
  ],
  [
    { name: "types of tests and examples", command: "tsc", args: ["-p", "tsconfig.json"] },
    {
      name: "type tests",
      command: "tstyche",
      args: [],
      // tstyche needs the compiler's JavaScript API, which TypeScript 7 does not have.
      env: { TSTYCHE_TYPESCRIPT_MODULE: `${root}node_modules/typescript6/lib/typescript.js` }
    },
    { name: "exports", command: "node", args: ["scripts/exports.ts"] },
    { name: "signatures", command: "node", args: ["scripts/signatures.ts"] },
    { name: "workflows", command: "node", args: ["scripts/workflows.ts"] },
    { name: "effect modules", command: "node", args: ["scripts/effectModules.ts", "--check"] },
    { name: "browser", command: "node", args: ["scripts/browser.ts"] },
    { name: "unused", command: "knip", args: ["--no-progress"] },
    { name: "ops", command: "node", args: ["ops/check/check.ts"] },
    { name: "manifests", command: "node", args: ["scripts/manifests.ts"] },
    { name: "docs", command: "node", args: ["scripts/docs.ts"] },
    { name: "telemetry reference", command: "node", args: ["scripts/telemetry.ts", "--check"] },
    { name: "error reference", command: "node", args: ["scripts/errors.ts", "--check"] },
    { name: "test names", command: "node", args: ["scripts/tests.ts"] },
    { name: "time of day", command: "node", args: ["scripts/clock.ts"] },
    { name: "configuration reference", command: "node", args: ["scripts/configuration.ts", "--check"] },
    { name: "tables of options", command: "node", args: ["scripts/optionTables.ts", "--check"] },
    { name: "charts", command: "node", args: ["scripts/charts.ts", "--check"] },
    { name: "simulated charts", command: "node", args: ["scripts/resilienceCharts.ts", "--check"] },
    { name: "command reference", command: "node", args: ["scripts/cli.ts", "--check"] },
    { name: "packages", command: "node", args: ["scripts/packages.ts"] },
    { name: "examples", command: "node", args: ["scripts/examples.ts"] }
  ],
  [
    {
      name: "tests",
      command: "vitest",
      args: ["run", "--reporter=dot", "--reporter=json", `--outputFile.json=${report}`],
      after: printTestCounts
    }
  ]
])
