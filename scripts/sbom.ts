/**
 * Writes a software bill of materials in CycloneDX for each public package to
 * `dist/sbom`: what `pnpm-lock.yaml` resolves its dependencies to, with
 * licenses and checksums. That of the command, which has no dependencies, lists
 * the packages in its bundle. Fails when a license is not on the list.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { openBuild } from "./commandBuild.ts"
import { command, names, root, runPnpm } from "./tarballs.ts"

interface Component {
  readonly "bom-ref": string
  readonly group?: string
  readonly name: string
  readonly version: string
  readonly licenses?: ReadonlyArray<{ readonly license?: { readonly id?: string; readonly name?: string } }>
}

interface Sbom {
  readonly metadata: { readonly component: Component }
  readonly components: ReadonlyArray<Component>
  readonly dependencies: ReadonlyArray<{ readonly ref: string; readonly dependsOn: ReadonlyArray<string> }>
}

const allowed = new Set(["0BSD", "Apache-2.0", "BlueOak-1.0.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"])

const idOf = ({ group, name, version }: Component): string =>
  `${group === undefined ? name : `${group}/${name}`}@${version}`

const problemsOf = (components: ReadonlyArray<Component>): ReadonlyArray<string> =>
  components.flatMap((component) => {
    const ids = (component.licenses ?? []).map(({ license }) => license?.id ?? license?.name ?? "unknown")
    const isAllowed = ids.length > 0 && ids.every((id) => allowed.has(id))
    return isAllowed ? [] : [`${idOf(component)} has the license ${ids.join(", ") || "unknown"}`]
  })

/** The package of a module, by the nearest manifest with a name. */
const packageOf = (folder: string): string => {
  try {
    const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
    if (name !== undefined && version !== undefined) return `${name}@${version}`
  } catch {
    // Most folders have no manifest.
  }
  if (folder === dirname(folder)) throw new Error("A bundled module belongs to no package")
  return packageOf(dirname(folder))
}

/** The packages with code in the bundle of the command, without its own. */
const bundledPackages = async (): Promise<ReadonlySet<string>> => {
  const build = await openBuild()
  const { output } = await build.generate({ format: "esm" })
  await build.close()
  const modules = output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : []))
  // Modules of the bundler itself have no path.
  const packages = new Set(modules.filter((id) => id.startsWith("/")).map((id) => packageOf(dirname(id))))
  for (const id of packages) if (id.startsWith(`@kimi-effect/${command}@`)) packages.delete(id)
  return packages
}

/** The part of an SBOM with the given packages. Fails when it lacks one of them. */
const restrictTo = (sbom: Sbom, packages: ReadonlySet<string>): Sbom => {
  const components = sbom.components.filter((component) => packages.has(idOf(component)))
  const found = new Set(components.map(idOf))
  const missing = [...packages].filter((id) => !found.has(id))
  if (missing.length > 0) throw new Error(`The bundle has packages that the lockfile lacks: ${missing.join(", ")}`)
  const own = sbom.metadata.component["bom-ref"]
  const refs = new Set(components.map((component) => component["bom-ref"]))
  const dependencies = sbom.dependencies
    .filter(({ ref }) => ref === own || refs.has(ref))
    .map(({ dependsOn, ref }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }))
  return { ...sbom, components, dependencies }
}

const readSbom = (path: string): Sbom => JSON.parse(readFileSync(path, "utf8"))

const folder = join(root, "dist/sbom")
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })

const problems: Array<string> = []
for (const name of [...names, command] as const) {
  const path = join(folder, `${name}.cdx.json`)
  const isBundle = name === command
  const args = ["sbom", "--sbom-format", "cyclonedx", "--filter", `./packages/${name}`, "--out", path]
  runPnpm(`@kimi-effect/${name}`, isBundle ? args : [...args, "--prod"], root)
  if (isBundle) {
    writeFileSync(path, JSON.stringify(restrictTo(readSbom(path), await bundledPackages()), undefined, 2))
  }
  const { components } = readSbom(path)
  process.stdout.write(`    ${components.length} components\n`)
  problems.push(...problemsOf(components).map((problem) => `@kimi-effect/${name}: ${problem}`))
}
process.stderr.write(problems.map((problem) => `${problem}\n`).join(""))
process.exit(problems.length > 0 ? 1 : 0)
