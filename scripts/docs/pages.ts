/** The pages of the documentation, and what their checks read from them. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"

export const root = new URL("../..", import.meta.url).pathname

export const read = (path: string): string => readFileSync(join(root, path), "utf8")

export const pages: ReadonlyArray<string> = globSync(
  ["*.md", "docs/**/*.md", "ops/*.md", "site/*.md", "examples/{,*/}README.md", "packages/*/{README,AGENTS}.md"],
  { cwd: root }
)

export const withoutCode = (text: string): string => text.replaceAll(/^```[\s\S]*?^```/gm, "")

export interface Block {
  readonly page: string
  readonly line: number
  readonly code: string
}

/** The code blocks of a page whose fence has the given words, such as `ts`. */
export const blocks = (page: string, fence: string): ReadonlyArray<Block> => {
  const text = read(page)
  return [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```/gm)]
    .filter(([, words]) => words === fence)
    .map(({ 2: code = "", index }) => ({ page, line: text.slice(0, index).split("\n").length, code }))
}

export interface Section {
  readonly heading: string
  readonly text: string
}

/** The sections of a page, subsections included, each with the text up to the next heading. */
export const sections = (page: string): ReadonlyArray<Section> =>
  read(page)
    // A comment in a shell block is no heading.
    .replaceAll(/^```[\s\S]*?^```/gm, (code) => code.replaceAll(/^#/gm, " #"))
    .split(/^(?=#+ )/m)
    .map((text) => ({ heading: /^#+ (.*)/.exec(text)?.[1] ?? "", text }))
