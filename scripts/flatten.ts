/**
 * Writes the published JavaScript of a package: one small file per entry, and
 * few chunks with the code. `pnpm pack` runs it in the folder of the package,
 * after `tsc -b` has written the declarations, which it leaves unchanged.
 *
 * Loading a module costs more than its code: a client would read about 190
 * modules of this library, most of them short. What programs load together is one
 * chunk of a package (`flatten/parts.ts`): what a chat runs, and what the indexes
 * have beyond it. The rest is split along the layers of ARCHITECTURE.md, so that no
 * two chunks import each other, and code on Redis is apart, because it is only
 * loaded on demand. What a part has of core is one entry (`flatten/joints.ts`).
 */
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { isBuiltin } from "node:module"
import { basename, join, relative } from "node:path"
import { rolldown } from "rolldown"
import { isJoint, joinEntries, jointOf, joints } from "./flatten/joints.ts"
import { isInIndex, names, partOf } from "./flatten/parts.ts"

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

const isRedis = (path: string): boolean => /\/Redis(?!Url)\w*\.ts$|\/AdmissionScript\.ts$/.test(path)

/** The layers of core, lowest first: each imports only those before it. */
const layerOf = (path: string): string =>
  // The check of health uses the options that calls have for the cache, and would load the cache.
  path === "src/cache/CacheControl.ts"
    ? "base"
    : (/^src\/(money|resilience|cache|reload|observability)\//.exec(path)?.[1] ?? "base")

/** The chunk of what stands for the entries of core. In the client a chat loads it anyway. */
const chunkOfJoint = (joint: string): string | null => {
  if (name === "core") return null
  const part = basename(joint)
  return name === "client" && part === "chat" ? part : `core-${part}`
}

/** The chunk of a module. One without a name is split by what imports it. */
const chunkOf = (id: string): string | null => {
  const joint = jointOf(id)
  if (joint !== undefined) return chunkOfJoint(joint)
  // An index imports every part.
  if (!id.startsWith(`${folder}/src/`) || basename(id) === "index.ts") return null
  const part = partOf(id)
  if (part !== undefined) return part
  if (name !== "core") return null
  const layer = layerOf(relative(folder, id))
  if (isInIndex(id)) return `${layer}-index`
  return isRedis(id) ? `${layer}-redis` : layer
}

const layers = ["base", "money", "resilience", "cache", "reload", "observability"]
const order = [
  ...joints.map((joint) => `core-${basename(joint)}`),
  ...names,
  ...layers.map((layer) => `${layer}-index`),
  ...layers.flatMap((layer) => [layer, `${layer}-redis`])
]
const groups = order.map((chunk, i) => ({
  name: chunk,
  test: (id: string) => chunkOf(id) === chunk,
  priority: 100 - i
}))

const dist = join(folder, "dist")
if (!existsSync(dist)) {
  process.stderr.write(`${dist} does not exist: run \`pnpm build\` first\n`)
  process.exit(1)
}

const bundle = await rolldown({
  input: name === "core" ? { ...entries, ...Object.fromEntries(joints.map((joint) => [joint, joint])) } : entries,
  plugins: [joinEntries(name)],
  platform: "neutral",
  external: (id) => !/^[./\0]/.test(id) && !isJoint(name, id),
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
// Only code of the other packages imports them, so they have no types; checks of the package expect the files.
if (name === "core") for (const joint of joints) writeFileSync(join(dist, `${joint}.d.ts`), "export {}\n")

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
