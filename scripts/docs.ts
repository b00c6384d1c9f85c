/** Checks the documentation against the code. */
import { existsSync, readFileSync } from "node:fs"

const root = new URL("..", import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), "utf8")
const problems: Array<string> = []

const readme = read("README.md")
for (const [, file = "", code = ""] of readme.matchAll(/<!-- (examples\/[\w-]+\.ts) -->\n```ts\n([\s\S]*?)```/g)) {
  if (read(file) !== code) problems.push(`README.md: the program of ${file} is not the file's text`)
}
if (!readme.includes("<!-- examples/quickstart.ts -->")) problems.push("README.md: the quick start is missing")

const architecture = read("ARCHITECTURE.md")
if (architecture.split("\n").length > 120) problems.push("ARCHITECTURE.md: more than 120 lines")
for (const [, path = ""] of architecture.matchAll(/`((?:packages|examples|scripts|ops|docs|\.ci)\/[^`*<\s]+)`/g)) {
  if (!existsSync(new URL(path, root))) problems.push(`ARCHITECTURE.md: ${path} does not exist`)
}

process.stdout.write(problems.map((problem) => `  ${problem}\n`).join(""))
process.exit(problems.length === 0 ? 0 : 1)
