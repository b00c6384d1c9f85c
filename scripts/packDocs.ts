/**
 * Copies `docs` into `dist/docs` of the package in whose folder it runs, so
 * that people and coding assistants can read them next to the code they have
 * installed. Links to other files of the repository lead to GitHub.
 */
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const root = new URL("..", import.meta.url).pathname
const repository = "https://github.com/kimi-effect/kimi-effect/blob/main/"
const folder = join(process.cwd(), "dist/docs")

rmSync(folder, { recursive: true, force: true })
cpSync(join(root, "docs"), folder, { recursive: true })
const pages = globSync("**/*.md", { cwd: folder })
for (const page of pages) {
  const path = join(folder, page)
  writeFileSync(path, readFileSync(path, "utf8").replaceAll("](../", `](${repository}`))
}
process.stdout.write(`  ${pages.length} pages\n`)
