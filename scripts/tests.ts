/**
 * Checks the names of tests.
 *
 * A test tests one behavior, so its name has no "and". In place of a list of
 * nouns, name what they have in common.
 *
 * Every test file is named after the module that it tests:
 * `packages/x/test/a/Y.topic.test.ts` tests `packages/x/src/a/Y.ts`. Tests in a
 * folder `test/node` need Node, sockets, files or Redis; they can test a module
 * of any folder of core, client or testing.
 *
 * Tests of several modules together have one of these names instead:
 *
 * - `cancellation`: what is released when a caller is interrupted.
 * - `exports`: the names that a package exports.
 * - `faults`: every fault of the network and of a host, in the whole client.
 * - `loading`: the modules that a program loads with its first call.
 * - `options`: invalid options of every module.
 * - `peers`: other clients against the mock server.
 * - `security`: keys and prompts in errors, logs and telemetry.
 * - `telemetry`: spans, metrics and log lines of the whole client.
 */
import { existsSync, globSync, readFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import ts from "typescript6"

const root = new URL("..", import.meta.url).pathname

const exceptions: ReadonlySet<string> = new Set([
  "cancellation",
  "exports",
  "faults",
  "loading",
  "options",
  "peers",
  "security",
  "telemetry"
])

const moduleNames: ReadonlySet<string> = new Set(
  globSync("packages/{core,client,testing}/src/**/*.ts", { cwd: root }).map((file) => basename(file, ".ts"))
)

const files = globSync("packages/*/test/**/*.test.ts", { cwd: root }).toSorted()
const used = new Set<string>()

const fileProblems = files.flatMap((file): ReadonlyArray<string> => {
  const [module = ""] = basename(file).split(".")
  if (exceptions.has(module)) {
    used.add(module)
    return []
  }
  const source = join(dirname(file).replace(/^(packages\/[^/]+)\/test/, "$1/src"), `${module}.ts`)
  const isNodeTest = file.includes("/test/node/")
  if (existsSync(join(root, source)) || (isNodeTest && moduleNames.has(module))) return []
  return [isNodeTest ? `${file}: no package has a module ${module}` : `${file}: ${source} does not exist`]
})

/** `it(…)`, `it.live(…)`, `it.effect.each(…)(…)` and the like. */
const isTest = (node: ts.Expression): boolean => {
  if (ts.isIdentifier(node)) return node.text === "it" || node.text === "test"
  return (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)) && isTest(node.expression)
}

/** The names of tests of several behaviors. */
const nameProblems = (file: string): ReadonlyArray<string> => {
  const source = ts.createSourceFile(file, readFileSync(root + file, "utf8"), ts.ScriptTarget.Latest, true)
  const problems: Array<string> = []
  const visit = (node: ts.Node): void => {
    const name = ts.isCallExpression(node) && isTest(node.expression) ? node.arguments[0] : undefined
    if (name !== undefined && (ts.isStringLiteralLike(name) || ts.isTemplateExpression(name))) {
      const { line } = source.getLineAndCharacterOfPosition(name.getStart())
      if (/\band\b/.test(name.getText())) problems.push(`${file}:${line + 1}: the name ${name.getText()} has an "and"`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return problems
}

const contracts = globSync("packages/testing/src/contract/**/*.ts", { cwd: root })
const problems = [...fileProblems, ...[...files, ...contracts].flatMap(nameProblems)]

for (const name of exceptions) {
  if (!used.has(name)) problems.push(`scripts/tests.ts: no test has the name ${name}; remove it from the exceptions`)
}
for (const problem of problems) process.stderr.write(`${problem}\n`)
if (problems.length > 0) {
  process.stderr.write(
    "Name a test file after its module, or add its name to the exceptions in scripts/tests.ts. Test one behavior in a test\n"
  )
  process.exit(1)
}
process.stdout.write(
  `${files.length} test files are named after their modules or are listed exceptions, and their tests after one behavior\n`
)
