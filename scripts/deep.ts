/**
 * The checks of `npm run check:deep`: what takes too long for `npm test`.
 * `node scripts/deep.ts <step> …` runs the named steps alone.
 *
 * The long tests run by a new seed each time. It is printed; `KIMI_SEED=…`
 * repeats a run.
 */
import { globSync, readFileSync } from "node:fs"
import { runSteps, type Step } from "./steps.ts"

const root = new URL("..", import.meta.url).pathname
const seed = process.env["KIMI_SEED"] ?? crypto.randomUUID().slice(0, 8)

/** The test files whose length depends on `test/support/depth.ts`. */
const longTests = globSync("packages/*/test/**/*.test.ts", { cwd: root }).filter((path) =>
  readFileSync(root + path, "utf8").includes("test/support/depth.ts")
)

const steps: ReadonlyArray<Step> = [
  {
    name: "long tests",
    command: "vitest",
    args: ["run", "--reporter=verbose", ...longTests],
    env: { KIMI_CHECK: "deep", KIMI_SEED: seed }
  },
  {
    // Two rounds of half a minute, after each of which the leases of a killed process expire.
    name: "soak",
    command: "node",
    args: ["--expose-gc", "scripts/soak.ts"],
    env: { KIMI_SOAK_MINUTES: "1", KIMI_SEED: seed }
  },
  { name: "first program", command: "node", args: ["scripts/firstProgram.ts"] },
  { name: "commands of the documentation", command: "node", args: ["scripts/docsCommands.ts"] },
  { name: "install", command: "node", args: ["scripts/install.ts"] },
  { name: "runtimes", command: "node", args: ["scripts/runtimes.ts"] },
  { name: "chromium", command: "node", args: ["scripts/chromium.ts"] },
  { name: "site", command: "npm", args: ["run", "--silent", "site"] },
  { name: "sbom", command: "node", args: ["scripts/sbom.ts"] },
  { name: "fetch runtime", command: "node", args: ["scripts/fetchRuntime.ts"] },
  { name: "bench", command: "node", args: ["--expose-gc", "packages/bench/src/main.ts", "compare"] }
]

process.stdout.write(`KIMI_SEED=${seed}\n`)
// Some of them measure, so they run one after another.
await runSteps(steps.map((step) => [step]))
