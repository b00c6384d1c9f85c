/**
 * Checks that every test file is named after the module that it tests:
 * `packages/x/test/a/Y.topic.test.ts` tests `packages/x/src/a/Y.ts`.
 *
 * Tests of several modules together are the exceptions. Each has a name of its
 * own, in `exceptions`, before the topic:
 *
 * - `exports`: the names that a package exports.
 * - `faults`: every fault of the network and of a host, against the whole client.
 * - `security`: keys and prompts in errors, logs and telemetry.
 * - `cancellation`: what is released when a caller leaves.
 * - `telemetry`: spans, metrics and logs of the whole client.
 * - `peers`: other clients against the mock server.
 */
import { existsSync, globSync } from "node:fs"
import { basename, dirname, join } from "node:path"

const root = new URL("..", import.meta.url).pathname

const exceptions: ReadonlySet<string> = new Set(["exports", "faults", "security", "cancellation", "telemetry", "peers"])

const files = globSync("packages/*/test/**/*.test.ts", { cwd: root }).toSorted()

const problems = files.flatMap((file) => {
  const [module = ""] = basename(file).split(".")
  if (exceptions.has(module)) return []
  const source = join(dirname(file).replace(/^(packages\/[^/]+)\/test/, "$1/src"), `${module}.ts`)
  return existsSync(join(root, source)) ? [] : [`${file}: there is no ${source}`]
})

for (const problem of problems) process.stderr.write(`${problem}\n`)
if (problems.length > 0) {
  process.stderr.write("Name a test file after its module, or add its name to the exceptions in scripts/tests.ts\n")
  process.exit(1)
}
process.stdout.write(`${files.length} test files are named after their modules or are listed exceptions\n`)
