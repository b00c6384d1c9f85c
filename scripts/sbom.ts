/**
 * Writes a software bill of materials in CycloneDX for each public package to
 * `dist/sbom`: what `pnpm-lock.yaml` resolves its dependencies to, with
 * licenses and checksums. Fails when a license is not on the list.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { names, root, run } from "./tarballs.ts"

interface Component {
  readonly group?: string
  readonly name: string
  readonly version: string
  readonly licenses?: ReadonlyArray<{ readonly license?: { readonly id?: string; readonly name?: string } }>
}

const allowed = new Set(["0BSD", "Apache-2.0", "BlueOak-1.0.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"])

const problemsOf = (components: ReadonlyArray<Component>): ReadonlyArray<string> =>
  components.flatMap(({ group, licenses = [], name, version }) => {
    const ids = licenses.map(({ license }) => license?.id ?? license?.name ?? "unknown")
    const isAllowed = ids.length > 0 && ids.every((id) => allowed.has(id))
    const component = group === undefined ? name : `${group}/${name}`
    return isAllowed ? [] : [`${component}@${version} has the license ${ids.join(", ") || "unknown"}`]
  })

const folder = join(root, "dist/sbom")
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })

const problems: Array<string> = []
for (const name of names) {
  const path = join(folder, `${name}.cdx.json`)
  const args = ["sbom", "--sbom-format", "cyclonedx", "--prod", "--filter", `./packages/${name}`, "--out", path]
  run(`@kimi-effect/${name}`, "pnpm", args, root)
  const { components }: { readonly components: ReadonlyArray<Component> } = JSON.parse(readFileSync(path, "utf8"))
  process.stdout.write(`    ${components.length} components\n`)
  problems.push(...problemsOf(components).map((problem) => `@kimi-effect/${name}: ${problem}`))
}
process.stderr.write(problems.map((problem) => `${problem}\n`).join(""))
process.exit(problems.length > 0 ? 1 : 0)
