/**
 * Locks what the published types of each package are, in addition to
 * `exports.txt`, which lists their names: `signatures.txt` has the declarations of every
 * public module, as `tsc -b` emits them, without comments and private members.
 * `node scripts/signatures.ts --write` updates it.
 *
 * Declarations of private modules are included where a public one imports
 * them, because a change of such a type changes what callers may write.
 *
 * API Extractor 7.60 is not used. Its report has one entry, and here every module is one.
 * It was measured with a generated entry per package, which exports each public module as a namespace:
 *
 * - It numbers equal names of different modules, such as `Options_29`, in the order it finds them. One more
 *   `Options` in a module of core renumbers the others: 421 lines of the report change, and 774 with a new
 *   module of three names. Here only the lines of that module change.
 * - It marks what has no comment, so a new comment or private member changes the report.
 * - It ends with an internal error at an interface that has a property named like its type parameter.
 * - A module that it exports as a namespace must not have `export *` from another package, and the modules for
 *   Node export those of core like that. Core then has to be part of the reports of client and testing too.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import ts from "typescript6"
import { names, root } from "./tarballs.ts"

const printer = ts.createPrinter({ removeComments: true, omitTrailingSemicolon: true })

const isPrivate = (member: ts.ClassElement): boolean =>
  (member.name !== undefined && ts.isPrivateIdentifier(member.name)) ||
  (ts.canHaveModifiers(member) &&
    ts.getModifiers(member)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword) === true)

/** Leaves out private members, whose types callers cannot see. */
const withoutPrivateMembers: ts.TransformerFactory<ts.SourceFile> = (context) => (file) => {
  const visit = (node: ts.Node): ts.Node => {
    if (!ts.isClassDeclaration(node)) return ts.visitEachChild(node, visit, context)
    const { heritageClauses, modifiers, name, typeParameters } = node
    const members = node.members.filter((member) => !isPrivate(member))
    return context.factory.updateClassDeclaration(node, modifiers, name, typeParameters, heritageClauses, members)
  }
  return ts.visitEachChild(file, visit, context)
}

const signaturesIn = (path: string): string => {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, false)
  const { transformed } = ts.transform(source, [withoutPrivateMembers])
  return transformed
    .map((file) => printer.printFile(file))
    .join("")
    .trim()
}

/** The modules of the same package that declarations import. */
const importsOf = (path: string): ReadonlyArray<string> =>
  [...readFileSync(path, "utf8").matchAll(/(?:from |import\()"(\.[^"]+)\.(?:ts|js)"/g)].map(([, specifier = ""]) =>
    join(path, "..", `${specifier}.d.ts`)
  )

/** The public modules of a package and the private ones that their declarations import, by path. */
const modulesOf = (folder: string): ReadonlyArray<string> => {
  const manifest: { readonly exports: Readonly<Record<string, string>> } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8")
  )
  const reached = new Set(
    Object.entries(manifest.exports)
      .filter(([entry, source]) => source.endsWith(".ts") && !entry.startsWith("./internal/"))
      .map(([, source]) => join(folder, source.replace("./src/", "dist/").replace(/\.ts$/, ".d.ts")))
  )
  for (const path of reached) for (const imported of importsOf(path)) reached.add(imported)
  return [...reached].toSorted()
}

const reportOf = (folder: string): string =>
  modulesOf(folder)
    .map((path) => `// ${relative(join(folder, "dist"), path).replace(/\.d\.ts$/, "")}\n${signaturesIn(path)}\n`)
    .join("\n")

const blocksOf = (report: string): ReadonlyMap<string, string> =>
  new Map(
    report.split(/^\/\/ /m).map((block) => {
      const end = block.indexOf("\n")
      return [block.slice(0, end), block.slice(end)]
    })
  )

/** The modules whose declarations differ, and the first lines that do. */
const differences = (committed: string, current: string): ReadonlyArray<string> => {
  const [before, after] = [blocksOf(committed), blocksOf(current)]
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const [old, new_] = [before.get(name) ?? "", after.get(name) ?? ""]
    if (old === new_) return []
    const [oldLines, newLines] = [old.split("\n"), new_.split("\n")]
    const removed = oldLines.filter((line) => !newLines.includes(line)).map((line) => `    - ${line.trim()}`)
    const added = newLines.filter((line) => !oldLines.includes(line)).map((line) => `    + ${line.trim()}`)
    return [`${name} differs`, ...removed.slice(0, 5), ...added.slice(0, 5)]
  })
}

let isStale = false
for (const name of names) {
  const folder = join(root, "packages", name)
  const path = join(folder, "signatures.txt")
  const current = reportOf(folder)
  if (process.argv.includes("--write")) writeFileSync(path, current)
  const found = differences(existsSync(path) ? readFileSync(path, "utf8") : "", current)
  isStale ||= found.length > 0
  process.stdout.write(found.map((line) => `  ${line}\n`).join(""))
  process.stdout.write(`  @kimi-effect/${name}: ${blocksOf(current).size - 1} modules\n`)
}
if (isStale) {
  process.stderr.write(
    "Public types changed: run `node scripts/signatures.ts --write`. A change that breaks callers needs a changeset.\n"
  )
  process.exit(1)
}
