/**
 * Checks the documentation against the code: programs in the README are those
 * of the examples, every example is listed, code blocks compile, commands and
 * links exist, every page of a capability has its parts, and ARCHITECTURE.md
 * stays short.
 *
 * Every block of `ts` is compiled as a separate module. Blocks of `ts fragment`
 * are not compiled.
 */
import { spawnSync } from "node:child_process"
import { existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { checkCommands } from "./docs/commands.ts"
import { checkLinks } from "./docs/links.ts"
import { blocks, pages, read, root, sections } from "./docs/pages.ts"
import { checkParts } from "./docs/parts.ts"

const problems: Array<string> = [...checkLinks(), ...checkParts(), ...(await checkCommands())]

const readme = read("README.md")
for (const [, file = "", code = ""] of readme.matchAll(/<!-- (examples\/[\w-]+\.ts) -->\n```ts\n([\s\S]*?)```/g)) {
  if (read(file) !== code) problems.push(`README.md: the program of ${file} differs from the file`)
}
if (!readme.includes("<!-- examples/quickstart.ts -->")) problems.push("README.md: the quick start is missing")

const architecture = read("ARCHITECTURE.md")
if (architecture.split("\n").length > 121) problems.push("ARCHITECTURE.md: more than 120 lines")
for (const [, path = ""] of architecture.matchAll(/`((?:packages|examples|scripts|ops|docs|test|\.ci)\/[^`*<\s]+)`/g)) {
  if (!existsSync(join(root, path))) problems.push(`ARCHITECTURE.md: ${path} does not exist`)
}
const sourceNames = new Set(
  globSync("{packages/*/src,ops/*,scripts,test}/**/*.ts", { cwd: root }).map((path) => basename(path))
)
for (const [, name = ""] of architecture.matchAll(/`(\w+\.ts)`/g)) {
  if (!sourceNames.has(name)) problems.push(`ARCHITECTURE.md: no file has the name ${name}`)
}

const examples = read("examples/README.md")
for (const file of globSync(["*.ts", "*/main.ts"], { cwd: join(root, "examples") })) {
  // An example that is a folder is listed by any of its files.
  const name = file.replace(/\/main\.ts$/, "/")
  if (!examples.includes(`](${name}`) && !examples.includes(`\`${name}\``)) {
    problems.push(`examples/README.md: does not list ${file}`)
  }
}

const migration = read("docs/migration/from-python-client.md")
for (const { heading } of sections("docs/errors.md")) {
  if (/^`\w+Error`$/.test(heading) && !migration.includes(heading)) {
    problems.push(`docs/migration/from-python-client.md: does not list ${heading}`)
  }
}

/** Inside `examples`, which depends on every package that a block may import. */
const folder = mkdtempSync(join(root, "examples/.docs-"))
try {
  const places = new Map<string, string>()
  for (const { code, line, page } of pages.flatMap((path) => blocks(path, "ts"))) {
    const name = `block${places.size}.ts`
    places.set(name, `${page}:${line}`)
    writeFileSync(join(folder, name), code)
  }
  // The tests in the documents use the test runner of the packages, which the examples do not.
  const testRunner = { "@effect/vitest": ["../../packages/testing/node_modules/@effect/vitest/dist/index.d.ts"] }
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: "../../tsconfig.json",
      compilerOptions: { paths: testRunner },
      include: ["*.ts"],
      exclude: []
    })
  )
  const { status, stdout } = spawnSync("tsc", ["-p", folder, "--pretty", "false"], { encoding: "utf8" })
  if (status !== 0) problems.push(stdout.replaceAll(/^.*?(block\d+\.ts)/gm, (_, name) => places.get(name) ?? name))
} finally {
  rmSync(folder, { recursive: true })
}

process.stdout.write(problems.map((problem) => `  ${problem}\n`).join(""))
process.exit(problems.length === 0 ? 0 : 1)
