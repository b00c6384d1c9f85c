/**
 * Checks the documentation against the code: programs in the README are those
 * of the examples, every example is listed, code blocks compile, links and paths
 * exist, and ARCHITECTURE.md stays short.
 *
 * Every block of `ts` is compiled as a separate module. Blocks of `ts fragment`
 * are not compiled.
 */
import { spawnSync } from "node:child_process"
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, join, resolve } from "node:path"

const root = new URL("..", import.meta.url).pathname
const read = (path: string): string => readFileSync(join(root, path), "utf8")
const problems: Array<string> = []
const pages = globSync(
  ["*.md", "docs/**/*.md", "ops/*.md", "examples/{,*/}README.md", "packages/*/{README,AGENTS}.md"],
  { cwd: root }
)

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

const withoutCode = (text: string): string => text.replaceAll(/^```[\s\S]*?^```/gm, "")

/** The anchor that GitHub and the site give to a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
    .replaceAll(" ", "-")

const anchorsOf = (page: string): ReadonlySet<string> =>
  new Set([...withoutCode(read(page)).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading)))

for (const page of pages) {
  for (const [, target = "", anchor = ""] of withoutCode(read(page)).matchAll(/\]\(([^)#:\s]*)#([^)]*)\)/g)) {
    const path = target === "" ? page : join(page, "..", target)
    if (path.endsWith(".md") && existsSync(join(root, path)) && !anchorsOf(path).has(anchor)) {
      problems.push(`${page}: ${path} has no heading #${anchor}`)
    }
  }
}

for (const page of pages) {
  for (const [, target = ""] of read(page).matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)) {
    if (!existsSync(resolve(root, page, "..", target))) problems.push(`${page}: the link ${target} is broken`)
  }
}

/** Inside `examples`, which depends on every package that a block may import. */
const folder = mkdtempSync(join(root, "examples/.docs-"))
try {
  const blocks = new Map<string, string>()
  for (const page of pages) {
    const text = read(page)
    for (const { 1: code = "", index } of text.matchAll(/^```ts\n([\s\S]*?)^```/gm)) {
      const name = `block${blocks.size}.ts`
      blocks.set(name, `${page}:${text.slice(0, index).split("\n").length}`)
      writeFileSync(join(folder, name), code)
    }
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
  if (status !== 0) problems.push(stdout.replaceAll(/^.*?(block\d+\.ts)/gm, (_, name) => blocks.get(name) ?? name))
} finally {
  rmSync(folder, { recursive: true })
}

process.stdout.write(problems.map((problem) => `  ${problem}\n`).join(""))
process.exit(problems.length === 0 ? 0 : 1)
