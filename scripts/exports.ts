/**
 * Checks what users can import from each package.
 *
 * - Every entry of `exports` exists, and `publishConfig.exports` lists the same
 *   entries.
 * - `scripts/flatten.ts` writes some more, which have no source.
 * - Every source file outside a folder called `internal` is an entry, and every
 *   other entry is `./internal/X`, which another package imports.
 * - `exports.txt` of the package lists the names of every entry, values and
 *   types. `node scripts/exports.ts --write` updates it.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join, relative } from "node:path"
import ts from "typescript6"

const root = new URL("..", import.meta.url).pathname

interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, string>>
  readonly publishConfig: { readonly exports: Readonly<Record<string, string>> }
}

interface Package {
  readonly folder: string
  readonly manifest: Manifest
}

const packages: ReadonlyArray<Package> = ["core", "client", "testing"].map((name) => {
  const folder = join(root, "packages", name)
  return { folder, manifest: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) }
})

/** The modules among the entries; `./package.json` is not one. */
const modulesOf = ({ manifest }: Package): ReadonlyArray<readonly [entry: string, source: string]> =>
  Object.entries(manifest.exports).filter(([entry]) => entry !== "./package.json")

/** The entries of the published form that join others. */
const jointEntries = new Set(["./internal/chat", "./internal/on-demand", "./internal/shared", "./internal/testing"])

const isInternalEntry = (entry: string): boolean => entry.startsWith("./internal/")
const isInternalFile = (file: string): boolean => file.includes("/internal/")

/** Folders whose name is part of the entry of their modules. Other folders only organize the sources. */
const entryFolders = new Set(["agent", "batch", "contract", "files", "journal", "node", "postgres", "promise", "swarm"])

const expectedEntry = (source: string): string => {
  const [folder = "", ...rest] = relative("src", source).split("/")
  const prefix = rest.length > 0 && entryFolders.has(folder) ? `${folder}/` : ""
  const name = basename(source, ".ts")
  if (isInternalFile(source)) return `./internal/${name}`
  return name === "index" ? `./${prefix}`.replace(/\/$/, "") : `./${prefix}${name}`
}

const checkMaps = ({ folder, manifest }: Package): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const published = manifest.publishConfig.exports
  for (const [map, name] of [
    [manifest.exports, "exports"],
    [published, "publishConfig.exports"]
  ] as const) {
    const entries = Object.keys(map)
    if (entries.join() !== entries.toSorted().join()) problems.push(`sort the entries of ${name}`)
  }
  for (const [entry, source] of Object.entries(manifest.exports)) {
    if (entry.includes("*")) problems.push(`${entry}: list each module instead of a pattern`)
    else if (!existsSync(join(folder, source))) problems.push(`${entry}: ${source} does not exist`)
    if (entry === "./package.json") continue
    if (entry !== expectedEntry(source)) problems.push(`${entry}: the entry of ${source} is ${expectedEntry(source)}`)
    const built = source.replace(/^\.\/src\//, "./dist/").replace(/\.ts$/, ".js")
    if (published[entry] !== built) problems.push(`${entry}: publishConfig.exports must have ${built}`)
  }
  for (const entry of Object.keys(published)) {
    if (jointEntries.has(entry)) continue
    if (manifest.exports[entry] === undefined) problems.push(`${entry}: publishConfig.exports has it, exports has not`)
  }
  return problems
}

const checkPublicFiles = (own: Package): ReadonlyArray<string> => {
  const listed = new Set(modulesOf(own).map(([, source]) => source))
  return globSync("src/**/*.ts", { cwd: own.folder })
    .map((file) => `./${file}`)
    .filter((file) => !isInternalFile(file) && !listed.has(file))
    .map((file) => `${file} is not an entry: list it in exports, or move it into a folder called internal`)
}

const importersOf = ({ folder }: Package): ReadonlyArray<string> =>
  ["packages/*/{src,test,typetest}/**/*.ts", "{examples,ops,scripts}/**/*.ts"]
    .flatMap((pattern) => globSync(pattern, { cwd: root, exclude: (name) => /node_modules|dist/.test(name) }))
    .map((file) => join(root, file))
    .filter((file) => !file.startsWith(`${folder}/`))

const checkInternalEntries = (own: Package): ReadonlyArray<string> => {
  const entries = modulesOf(own).filter(([entry]) => isInternalEntry(entry))
  const texts = importersOf(own).map((file) => readFileSync(file, "utf8"))
  return entries
    .map(([entry]) => entry)
    .filter((entry) => !texts.some((text) => text.includes(`"${entry.replace(".", own.manifest.name)}"`)))
    .map((entry) => `${entry}: no other package imports it, remove the entry`)
}

const options: ts.CompilerOptions = {
  ...ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, "tsconfig.base.json"), ts.sys.readFile).config,
    ts.sys,
    root,
    { noEmit: true, types: ["node"] }
  ).options,
  plugins: []
}

const program = ts.createProgram(
  packages.flatMap((own) => modulesOf(own).map(([, source]) => join(own.folder, source))),
  options
)
const checker = program.getTypeChecker()

const kindOf = (symbol: ts.Symbol): string => {
  const isTypeOnly = symbol.declarations?.some(ts.isTypeOnlyImportOrExportDeclaration) === true
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  if (target.flags & ts.SymbolFlags.ValueModule) return isTypeOnly ? "type namespace" : "namespace"
  if (isTypeOnly) return "type"
  const kinds = [
    ...(target.flags & ts.SymbolFlags.Value ? ["value"] : []),
    ...(target.flags & ts.SymbolFlags.Type ? ["type"] : [])
  ]
  return kinds.join(", ")
}

/** The text of `exports.txt`: each entry with its sorted names. */
const namesOf = (own: Package): string =>
  modulesOf(own)
    .map(([entry, source]) => {
      const file = program.getSourceFile(join(own.folder, source))
      const symbol = file === undefined ? undefined : checker.getSymbolAtLocation(file)
      const names = (symbol === undefined ? [] : checker.getExportsOfModule(symbol))
        .map((exported) => `  ${exported.name}: ${kindOf(exported)}`)
        .toSorted()
      return [entry.replace(".", own.manifest.name), ...names].join("\n")
    })
    .join("\n\n")
    .concat("\n")

/** Each name as `entry name: kind`. */
const linesOf = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .trim()
      .split("\n\n")
      .flatMap((block) => {
        const [entry = "", ...names] = block.split("\n")
        return [entry, ...names.map((name) => `${entry} ${name.trim()}`)]
      })
  )

const checkNames = (own: Package): ReadonlyArray<string> => {
  const path = join(own.folder, "exports.txt")
  const expected = namesOf(own)
  if (process.argv.includes("--write")) {
    writeFileSync(path, expected)
    return []
  }
  const committed = existsSync(path) ? readFileSync(path, "utf8") : ""
  if (committed === expected) return []
  const [before, after] = [linesOf(committed), linesOf(expected)]
  const removed = [...before].filter((line) => !after.has(line))
  const added = [...after].filter((line) => !before.has(line))
  return [
    ...removed.map((line) => `removed: ${line}${line.includes("/internal/") ? "" : " (needs a changeset)"}`),
    ...added.map((line) => `added: ${line}`),
    "exports.txt differs: run `node scripts/exports.ts --write`. Removing or changing a public name breaks users and needs a changeset"
  ]
}

const problems = packages.flatMap((own) =>
  [checkMaps, checkPublicFiles, checkInternalEntries, checkNames]
    .flatMap((check) => check(own))
    .map((problem) => `${own.manifest.name}: ${problem}`)
)

for (const own of packages) {
  const modules = modulesOf(own)
  const internal = modules.filter(([entry]) => isInternalEntry(entry)).length
  const names = namesOf(own)
    .split("\n")
    .filter((line) => line.startsWith("  ")).length
  process.stdout.write(
    `  ${own.manifest.name}: ${modules.length - internal} public and ${internal} internal entries, ${names} names\n`
  )
}
if (problems.length > 0) {
  process.stderr.write(`${problems.join("\n")}\n`)
  process.exit(1)
}
