/**
 * Every page of a capability has four parts: a program, which another check
 * compiles, its options, the errors that are possible, and the costs.
 *
 * The pages are those that `docs/README.md` lists under a capability. Options
 * are a table that is written from the source, or a link to the reference.
 */
import { blocks, read, sections } from "./pages.ts"

/** The tables of the index whose pages describe capabilities. */
const groups = ["calls", "reliability", "agents and jobs", "operations", "tests"]

/** Pages of these groups that are guides to several capabilities. */
const guides = new Set(["docs/operations.md", "docs/security.md"])

const index = read("docs/README.md")

const listed = (group: string): ReadonlyArray<string> => {
  const table = index.split("\n\n").find((block) => block.startsWith(`| ${group} |`))
  if (table === undefined) throw new Error(`docs/README.md has no table of ${group}`)
  return [...table.matchAll(/\]\(([\w-]+\.md)\)/g)].map(([, file = ""]) => `docs/${file}`)
}

const capabilityPages = (): ReadonlyArray<string> =>
  [...groups.flatMap(listed), "docs/without-effect.md"].filter((page) => !guides.has(page))

const parts: ReadonlyArray<readonly [string, (page: string) => boolean]> = [
  ["no program in a block of `ts`", (page) => blocks(page, "ts").length > 0],
  [
    "no heading with “options” over a generated table or a link to the configuration",
    (page) =>
      sections(page).some(
        ({ heading, text }) => /\boptions\b/i.test(heading) && /<!-- options|\]\(configuration\.md/.test(text)
      )
  ],
  ["no heading with “errors”", (page) => sections(page).some(({ heading }) => /\berrors\b/i.test(heading))],
  ["no heading with “cost” or “costs”", (page) => sections(page).some(({ heading }) => /\bcosts?\b/i.test(heading))]
]

export const checkParts = (): ReadonlyArray<string> =>
  capabilityPages().flatMap((page) => parts.filter(([, isIn]) => !isIn(page)).map(([problem]) => `${page}: ${problem}`))
