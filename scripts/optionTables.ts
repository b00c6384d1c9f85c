/**
 * Writes the tables of options of functions into the pages of `docs`, from the
 * comments of their interfaces. With `--check` it writes nothing and fails where a
 * page is not what it would write.
 *
 * A page has the table of an interface between the lines
 * `<!-- options of packages/client/src/agent/AgentLimits.ts AgentLimits -->` and
 * `<!-- end of options -->`. A type of the form `{ [Name in keyof Values]?: … }`
 * has the members of `Values`, none of them required. A member without a comment
 * is an error. Options of the client, which are data, are written by
 * `configuration.ts`.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs"
import ts from "typescript6"

const root = new URL("../", import.meta.url).pathname

interface Members {
  readonly members: ReadonlyArray<ts.TypeElement>
  readonly areOptional: boolean
}

/** The name of the interface whose members a type makes optional. */
const partialOf = (statement: ts.Statement): string | undefined => {
  if (!ts.isTypeAliasDeclaration(statement) || !ts.isMappedTypeNode(statement.type)) return undefined
  const { questionToken, typeParameter } = statement.type
  const { constraint } = typeParameter
  return questionToken !== undefined && constraint !== undefined && ts.isTypeOperatorNode(constraint)
    ? constraint.type.getText()
    : undefined
}

const membersIn = (path: string, name: string): Members => {
  const { statements } = ts.createSourceFile(path, readFileSync(root + path, "utf8"), ts.ScriptTarget.Latest, true)
  const named = (wanted: string) =>
    statements.find((it) => (ts.isInterfaceDeclaration(it) || ts.isTypeAliasDeclaration(it)) && it.name.text === wanted)
  const found = named(name)
  const partial = found === undefined ? undefined : partialOf(found)
  const declared = partial === undefined ? found : named(partial)
  if (declared === undefined || !ts.isInterfaceDeclaration(declared)) {
    throw new Error(`${path} has no interface ${name}`)
  }
  return { members: declared.members, areOptional: partial !== undefined }
}

/** Comments are broken into lines, and a bar ends a cell. */
const cell = (text: string): string => text.replaceAll(/\s+/g, " ").trim().replaceAll("|", "\\|")

const uncommented: Array<string> = []

const rowOf = (path: string, member: ts.TypeElement, isOptional: boolean): string => {
  const name = member.name?.getText() ?? ""
  const comment = ts.getJSDocCommentsAndTags(member).find(ts.isJSDoc)?.comment
  const text = ts.getTextOfJSDocComment(comment)
  if (text === undefined) uncommented.push(`${path}: the option ${name} has no comment`)
  const required = isOptional || member.questionToken !== undefined ? "" : " (required)"
  return `| \`${name}\`${required} | ${cell(text ?? "")} |`
}

const tableOf = (path: string, name: string): string => {
  const { areOptional, members } = membersIn(path, name)
  return ["| option | |", "| --- | --- |", ...members.map((member) => rowOf(path, member, areOptional))].join("\n")
}

const withTables = (page: string): string =>
  page.replaceAll(
    /^(<!-- options of (\S+) (\w+) -->)\n[\s\S]*?^(<!-- end of options -->)$/gm,
    (_, start: string, path: string, name: string, end: string) => [start, "", tableOf(path, name), "", end].join("\n")
  )

const pages = globSync("docs/**/*.md", { cwd: root })
  .map((path) => ({ path, before: readFileSync(root + path, "utf8") }))
  .map(({ before, path }) => ({ path, before, after: withTables(before) }))
  .filter(({ after, before }) => after !== before)

if (uncommented.length > 0) throw new Error(uncommented.join("\n"))

if (process.argv.includes("--check")) {
  for (const { path } of pages) process.stderr.write(`${path} is not up to date: run node scripts/optionTables.ts\n`)
  if (pages.length > 0) process.exit(1)
} else {
  for (const { after, path } of pages) writeFileSync(root + path, after)
}
