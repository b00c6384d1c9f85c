/**
 * Copies `docs` into `dist/docs` of the package in whose folder it runs, so
 * that people and coding assistants can read them next to the code they have
 * installed. Links to other files of the repository lead to GitHub.
 */
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, extname, join, posix } from "node:path"

const root = new URL("..", import.meta.url).pathname
const repository = "https://github.com/kimi-effect/kimi-effect/blob/main/"
const folder = join(process.cwd(), "dist/docs")

/** Links of a page, as text. Those that lead out of `docs`, and to charts, lead to the repository. */
const withLinks = (page: string, text: string): string =>
  text.replaceAll(/\]\((\.\.\/[^)]*|[^):]+\.svg)\)/g, (link, target: string) => {
    const path = posix.join("docs", dirname(page), target)
    return path.startsWith("docs/") && !path.endsWith(".svg")
      ? link
      : `](${repository}${path}${path.endsWith(".svg") ? "?raw=true" : ""})`
  })

rmSync(folder, { recursive: true, force: true })
cpSync(join(root, "docs"), folder, { recursive: true, filter: (path) => ["", ".md"].includes(extname(path)) })
const pages = globSync("**/*.md", { cwd: folder })
for (const page of pages) {
  const path = join(folder, page)
  writeFileSync(path, withLinks(page, readFileSync(path, "utf8")))
}
process.stdout.write(`  ${pages.length} pages\n`)
