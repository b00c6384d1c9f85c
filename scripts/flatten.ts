/**
 * Writes the published JavaScript of a package: one small file per entry, and
 * few chunks with the code. `pnpm pack` runs it in the folder of the package,
 * after `tsc -b` has written the declarations, which it leaves unchanged.
 *
 * Loading a module costs more than its code: a client would read about 190
 * modules of this library, most of them short. What a chat runs is one chunk of
 * core and one of the client. The rest is split along the layers of
 * ARCHITECTURE.md, so that no two chunks import each other, and code on Redis is
 * apart, because it is only loaded on demand.
 *
 * What a chat runs of core has one more entry, which no source has: `internal/chat`.
 * The other packages import from it what they import from the entries that it
 * joins, because Node resolves and loads each entry on its own, 45 for a chat.
 */
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { isBuiltin } from "node:module"
import { basename, join, relative } from "node:path"
import { type Plugin, rolldown } from "rolldown"

const root = new URL("..", import.meta.url).pathname
const folder = process.cwd()
const name = basename(folder)

const manifest: { readonly exports: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(join(folder, "package.json"), "utf8")
)

/** The sources of the entries, by the path of their output without its extension. */
const entries = Object.fromEntries(
  Object.values(manifest.exports)
    .filter((source) => source.endsWith(".ts"))
    .map((source) => [source.replace(/^\.\/src\//, "").replace(/\.ts$/, ""), join(folder, source)])
)

/** The imports of a module that are loaded with it. */
const importsOf = (path: string): ReadonlyArray<string> =>
  [...readFileSync(path, "utf8").matchAll(/^(?:import|export) (?!type\b)(?:[^;"']*? from )?"([^"]+)"/gms)].map(
    ([, specifier = ""]) => specifier
  )

const exportsOf = (own: string): Readonly<Record<string, string>> =>
  JSON.parse(readFileSync(join(root, "packages", own, "package.json"), "utf8")).exports

/** The path of a module of this repository; `undefined` for one of another package. */
const resolve = (specifier: string, importer: string): string | undefined => {
  if (specifier.startsWith(".")) return join(importer, "..", specifier)
  const [, own, entry = ""] = /^@kimi-effect\/(\w+)(\/.+)?$/.exec(specifier) ?? []
  const source = own === undefined ? undefined : exportsOf(own)[`.${entry}`]
  return source === undefined ? undefined : join(root, "packages", own ?? "", source)
}

/** The modules that are loaded with a module. */
const closureOf = (path: string): ReadonlySet<string> => {
  const closure = new Set<string>()
  const queue = [path]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (closure.has(next)) continue
    closure.add(next)
    for (const specifier of importsOf(next)) {
      const imported = resolve(specifier, next)
      if (imported !== undefined) queue.push(imported)
    }
  }
  return closure
}

const node = closureOf(join(root, "packages/client/src/node/KimiNode.ts"))

/** What a chat loads: with any HTTP client, and of core also what that of Node loads. */
const chat = new Set([
  ...closureOf(join(root, "packages/client/src/KimiClient.ts")),
  ...[...node].filter((path) => path.startsWith(join(root, "packages/core/")))
])

const isRedis = (path: string): boolean => /\/Redis(?!Url)\w*\.ts$|\/AdmissionScript\.ts$/.test(path)

/** The layers of a package, lowest first: each imports only those before it. */
const layers: Readonly<Record<string, (path: string) => string>> = {
  // The check of health uses the options that calls have for the cache, and would load the cache.
  core: (path) =>
    path === "src/cache/CacheControl.ts"
      ? "base"
      : (/^src\/(money|resilience|cache|reload|observability)\//.exec(path)?.[1] ?? "base"),
  client: (path) => {
    if (!node.has(join(folder, path))) return ""
    return path.startsWith("src/node/") ? "node" : "base"
  }
}

/** Starts the ids of modules that are no files. */
const virtual = "\0joint:"

/** The chunk of a module. One without a name is split by what imports it. */
const chunkOf = (path: string): string | null => {
  if (path.startsWith(virtual)) return name === "client" ? "chat" : null
  // An index imports every layer.
  if (!path.startsWith(`${folder}/src/`) || basename(path) === "index.ts") return null
  if (chat.has(path)) return "chat"
  const layer = layers[name]?.(relative(folder, path)) ?? ""
  if (layer === "") return null
  return isRedis(path) ? `${layer}-redis` : layer
}

const order = ["chat", "base", "node", "money", "resilience", "cache", "reload", "observability"]
const groups = order
  .flatMap((layer) => [layer, `${layer}-redis`])
  .map((chunk, i) => ({ name: chunk, test: (id: string) => chunkOf(id) === chunk, priority: 100 - i }))

const dist = join(folder, "dist")
if (!existsSync(dist)) {
  process.stderr.write(`${dist} does not exist: run \`pnpm build\` first\n`)
  process.exit(1)
}

/** The entries of core that a chat loads, by their specifiers, with the names of their values. */
const joined = new Map<string, { readonly source: string; readonly names: ReadonlyArray<string> }>()
for (const [entry, path] of Object.entries(exportsOf("core"))) {
  const source = join(root, "packages/core", path)
  if (!chat.has(source) || basename(source) === "index.ts") continue
  joined.set(`@kimi-effect/core${entry.slice(1)}`, { source, names: Object.keys(await import(source)) })
}

/** The entry that joins those of core which a chat loads; it is in `publishConfig` of core only. */
const joint = "internal/chat"

/** The name in the joint entry, because several modules have a `make`. */
const jointName = (specifier: string, exported: string): string =>
  `${specifier.slice("@kimi-effect/core/".length).replaceAll("/", "_")}_${exported}`

const exportFrom = (from: string, names: ReadonlyArray<string>): string =>
  `export { ${names.join(", ")} } from ${JSON.stringify(from)}`

/** The code of the joint entry: the values of all modules, each with the name of its module. */
const jointCode = (): string =>
  [...joined]
    .map(([specifier, { names, source }]) =>
      exportFrom(
        source,
        names.map((exported) => `${exported} as ${jointName(specifier, exported)}`)
      )
    )
    .join("\n")

/** The module that stands for one entry in other packages: its values, from the joint entry. */
const standInCode = (specifier: string): string =>
  exportFrom(
    `@kimi-effect/core/${joint}`,
    (joined.get(specifier)?.names ?? []).map((exported) => `${jointName(specifier, exported)} as ${exported}`)
  )

/** Whether a module is the joint entry, where it is written, or one of those that it stands for. */
const isJoint = (id: string): boolean => (name === "core" ? id === joint : joined.has(id))

const joinEntries: Plugin = {
  name: "join-entries",
  resolveId: (id) => (isJoint(id) ? `${virtual}${id}` : undefined),
  load: (id) => {
    if (!id.startsWith(virtual)) return undefined
    const specifier = id.slice(virtual.length)
    return specifier === joint ? jointCode() : standInCode(specifier)
  }
}

const bundle = await rolldown({
  input: name === "core" ? { ...entries, [joint]: joint } : entries,
  plugins: [joinEntries],
  platform: "neutral",
  external: (id) => !/^[./\0]/.test(id) && !isJoint(id),
  treeshake: { moduleSideEffects: false },
  preserveEntrySignatures: "strict"
})
for (const file of globSync("dist/**/*.{js,js.map}", { cwd: folder })) rmSync(join(folder, file))
const { output } = await bundle.write({
  dir: dist,
  format: "esm",
  sourcemap: true,
  comments: { legal: true, annotation: true, jsdoc: false },
  entryFileNames: "[name].js",
  chunkFileNames: "chunks/[name].js",
  minifyInternalExports: false,
  codeSplitting: { groups }
})
await bundle.close()
// Only code of the other packages imports it, so it has no types; checks of the package expect the file.
if (name === "core") writeFileSync(join(dist, `${joint}.d.ts`), "export {}\n")

const files = new Map(output.flatMap((file) => (file.type === "chunk" ? [[file.fileName, file] as const] : [])))

/** The files that a file loads, itself included. */
const loadedBy = (fileName: string): ReadonlySet<string> => {
  const loaded = new Set([fileName])
  for (const next of loaded) for (const imported of files.get(next)?.imports ?? []) loaded.add(imported)
  return loaded
}

const isNode = (imported: string): boolean =>
  isBuiltin(imported) || imported === "undici" || imported.startsWith("@effect/sql-pg")

/** Modules of Node that an entry for any runtime would load. */
const nodeProblems = (fileName: string): ReadonlyArray<string> =>
  fileName.startsWith("node/") || fileName.startsWith("postgres/")
    ? []
    : [...loadedBy(fileName)].filter(isNode).map((imported) => `${fileName} would load ${imported} outside Node`)

/** Chunks that import each other, whose classes might extend one that is not defined yet. */
const cycleProblems = (fileName: string): ReadonlyArray<string> =>
  (files.get(fileName)?.imports ?? [])
    .filter((imported) => files.has(imported) && loadedBy(imported).has(fileName))
    .map((imported) => `${fileName} and ${imported} import each other`)

/** Sources of a source map that are not in the package. */
const sourceProblems = (fileName: string): ReadonlyArray<string> =>
  (files.get(fileName)?.map?.sources ?? [])
    .filter((source) => !source.startsWith("\0") && !existsSync(join(dist, fileName, "..", source)))
    .map((source) => `the source map of ${fileName} leads to ${source}, which does not exist`)

/** Namespaces whose members are destructured: a bundle of any program then has all their members. */
const namespaceProblems = (fileName: string): ReadonlyArray<string> =>
  [...(files.get(fileName)?.code ?? "").matchAll(/const (\{[^{}]*\}) = (\w+)_exports;/g)].map(
    ([, members, namespace]) =>
      `${fileName}: \`const ${members} = ${namespace}\` keeps the whole module in every bundle`
  )

const problems = [...files.values()].flatMap(({ fileName, isEntry }) => [
  ...(isEntry ? nodeProblems(fileName) : []),
  ...cycleProblems(fileName),
  ...sourceProblems(fileName),
  ...namespaceProblems(fileName)
])
if (problems.length > 0) {
  process.stderr.write(problems.map((problem) => `@kimi-effect/${name}: ${problem}\n`).join(""))
  process.exit(1)
}

const chunks = [...files.values()].filter(({ isEntry }) => !isEntry)
process.stdout.write(`  @kimi-effect/${name}: ${Object.keys(entries).length} entries, ${chunks.length} chunks\n`)
