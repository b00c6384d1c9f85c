/**
 * Checks declaration names, comments, messages, test names, pages and YAML files against
 * `vocabulary.json`, the committed list of disallowed names and words with
 * what to write instead.
 *
 *     node scripts/vocabulary.ts                  prints the count per folder
 *     node scripts/vocabulary.ts --list [path]    prints every finding, of files whose path starts with it
 *     node scripts/vocabulary.ts --check [path]   prints them and fails if there are any
 *
 * An exception names the file, the disallowed entry, a part of the line and
 * the reason. One that no longer applies is a finding itself.
 */
import { globSync, readFileSync } from "node:fs"
import { dirname } from "node:path"
import ts from "typescript6"
import vocabulary from "./vocabulary.json" with { type: "json" }

const root = new URL("..", import.meta.url).pathname

interface Exception {
  readonly file: string
  readonly entry: string
  /** A part of the line. */
  readonly context: string
  readonly reason: string
}

interface Violation {
  readonly file: string
  readonly line: number
  readonly entry: string
  readonly found: string
  readonly instead: string
}

const names = new Map(Object.entries(vocabulary.names))
const nameParts = new Map(Object.entries(vocabulary.nameParts))
const words = Object.entries(vocabulary.words).map(([entry, instead]) => ({
  entry,
  instead,
  pattern: new RegExp(`(?<![\\w-])(?:${entry.replaceAll(" ", "\\s+(?:\\*\\s+)?")})(?![\\w-])`, "gi")
}))
const exceptions: ReadonlyArray<Exception> = vocabulary.exceptions

const findings: Array<Violation> = []
const used = new Set<Exception>()

const isExceptionFor = (exception: Exception, file: string, entry: string, line: string): boolean =>
  exception.file === file && exception.entry === entry && line.includes(exception.context)

const report = (file: string, text: string, at: number, finding: Pick<Violation, "entry" | "found" | "instead">) => {
  const start = text.lastIndexOf("\n", at - 1) + 1
  const end = text.indexOf("\n", at)
  const context = text.slice(start, end === -1 ? undefined : end)
  const exception = exceptions.find((one) => isExceptionFor(one, file, finding.entry, context))
  if (exception !== undefined) used.add(exception)
  else findings.push({ ...finding, file, line: text.slice(0, at).split("\n").length })
}

const blank = (match: string): string => match.replaceAll(/[^\n]/g, " ")

/** The text without code, which keeps its own names. */
const prose = (text: string): string => text.replaceAll(/```[\s\S]*?```/g, blank).replaceAll(/`[^`\n]+`/g, blank)

const checkProse = (file: string, whole: string, text: string, offset: number): void => {
  const readable = prose(text)
  for (const { entry, instead, pattern } of words) {
    for (const match of readable.matchAll(pattern)) {
      report(file, whole, offset + match.index, { entry, found: match[0], instead })
    }
  }
}

const partsOf = (name: string): ReadonlyArray<string> =>
  name.split(/(?<=[a-z0-9])(?=[A-Z])|[_$#]/).map((part) => part.toLowerCase())

const checkName = (file: string, text: string, name: string, at: number): void => {
  const exact = names.get(name)
  if (exact !== undefined) report(file, text, at, { entry: name, found: name, instead: exact })
  for (const part of partsOf(name)) {
    const instead = nameParts.get(part)
    if (instead !== undefined) report(file, text, at, { entry: part, found: name, instead })
  }
}

/** The names that the title of a test contains. Words in lower case are prose, unless the title is that word alone. */
const checkTitle = (file: string, text: string, title: string, at: number): void => {
  for (const { 0: name, index } of title.matchAll(/[\w$]+/g)) {
    const isName = /[A-Z]/.test(name) || /^\W*$/.test(title.replace(name, ""))
    if (isName) checkName(file, text, name, at + index)
  }
}

/** Imports repeat names that are declared elsewhere. */
const isDeclaration = (node: ts.Node): node is ts.NamedDeclaration =>
  ts.isVariableDeclaration(node) ||
  ts.isParameter(node) ||
  ts.isBindingElement(node) ||
  ts.isFunctionDeclaration(node) ||
  ts.isClassDeclaration(node) ||
  ts.isInterfaceDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) ||
  ts.isPropertySignature(node) ||
  ts.isPropertyDeclaration(node) ||
  ts.isPropertyAssignment(node) ||
  ts.isMethodSignature(node) ||
  ts.isMethodDeclaration(node) ||
  ts.isGetAccessorDeclaration(node) ||
  ts.isExportSpecifier(node) ||
  ts.isNamespaceExport(node)

const testFunctions: ReadonlySet<string> = new Set(["describe", "it", "test"])

/** `it("…")`, `describe.skipIf(…)("…")`, `it.effect.each(…)("…")` and the like. */
const isTestCall = (node: ts.Expression): boolean => {
  if (ts.isIdentifier(node)) return testFunctions.has(node.text)
  if (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)) return isTestCall(node.expression)
  return false
}

const isTestName = (node: ts.Node): boolean =>
  ts.isCallExpression(node.parent) && node.parent.arguments[0] === node && isTestCall(node.parent.expression)

const isMessage = (node: ts.Node, isTest: boolean): node is ts.LiteralLikeNode => {
  if (ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node)) {
    const template = ts.isTemplateHead(node) ? node.parent : node.parent.parent
    return isTest ? isTestName(template) : true
  }
  if (!ts.isStringLiteral(node) && !ts.isNoSubstitutionTemplateLiteral(node)) return false
  return isTest ? isTestName(node) : node.text.includes(" ")
}

const checkSource = (file: string): void => {
  const text = readFileSync(root + file, "utf8")
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const isTest = /\/(?:test|typetest)\//.test(file)
  const comments = new Set<number>()
  const checkComments = (ranges: ReadonlyArray<ts.CommentRange> | undefined): void => {
    for (const { end, pos } of ranges ?? []) {
      if (comments.has(pos)) continue
      comments.add(pos)
      checkProse(file, text, text.slice(pos, end), pos)
    }
  }
  const visit = (node: ts.Node): void => {
    if (isDeclaration(node) && node.name !== undefined) {
      if (ts.isIdentifier(node.name) || ts.isPrivateIdentifier(node.name))
        checkName(file, text, node.name.text, node.name.getStart())
    }
    if (isMessage(node, isTest)) {
      const message = text.slice(node.getStart(), node.end)
      checkProse(file, text, message, node.getStart())
      if (isTest) checkTitle(file, text, message, node.getStart())
    }
    const children = node.getChildren(source)
    if (children.length === 0) {
      checkComments(ts.getLeadingCommentRanges(text, node.getFullStart()))
      checkComments(ts.getTrailingCommentRanges(text, node.end))
    }
    children.forEach(visit)
  }
  visit(source)
}

const ignored = /(?:^|\/)(?:node_modules|dist|fixtures)(?:\/|$)/
const sources = globSync(
  ["packages/*/{src,test,typetest}/**/*.ts", "examples/**/*.ts", "ops/**/*.ts", "scripts/**/*.ts", "test/**/*.ts"],
  { cwd: root, exclude: (path) => ignored.test(path) }
)
const pages = globSync(
  ["*.md", "docs/**/*.md", "packages/*/{README,AGENTS}.md", "ops/**/*.{md,yaml,yml}", "*.yaml", ".changeset/*.md"],
  { cwd: root, exclude: (path) => ignored.test(path) || path === "pnpm-lock.yaml" }
)
for (const file of sources) checkSource(file)
for (const file of pages) {
  const text = readFileSync(root + file, "utf8")
  checkProse(file, text, text, 0)
}
for (const { entry, file } of exceptions.filter((exception) => !used.has(exception))) {
  findings.push({ file, line: 0, entry, found: entry, instead: "remove this exception, which no longer applies" })
}

const [mode, prefix = ""] = process.argv.slice(2)
const selected = findings.filter(({ file }) => file.startsWith(prefix))
if (mode === "--list" || mode === "--check") {
  for (const { file, found, instead, line } of selected) {
    process.stdout.write(`${file}:${line}: ${JSON.stringify(found)}: ${instead}\n`)
  }
} else {
  const counts = new Map<string, number>()
  for (const { file } of selected) {
    const folder = dirname(file).split("/").slice(0, 5).join("/")
    counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }
  for (const [folder, count] of [...counts].toSorted()) process.stdout.write(`${String(count).padStart(6)} ${folder}\n`)
}
process.stdout.write(`  ${selected.length} disallowed names and words in ${sources.length + pages.length} files\n`)
process.exit(mode === "--check" && selected.length > 0 ? 1 : 0)
