/** Packs every public package and checks the tarball: its files, its entries, its types and what is loaded with it. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { checkLoadedModules } from "./loadedModules.ts"
import { command, names, outputOf, packOne, root, temporaryFolder } from "./tarballs.ts"

const folder = temporaryFolder("kimi-effect-")

/** The files that a package may have. */
const allowed =
  /^package\/(?:dist\/.+\.(?:js|d\.ts)(?:\.map)?|dist\/docs\/.+\.md|dist\/fixtures\/.+|src\/.+\.ts|fixtures\/.+|package\.json|(?:README|AGENTS|CHANGELOG)\.md|LICENSE)$/

/** What the manifest and the README of a package lack. */
const manifestProblems = (cwd: string): ReadonlyArray<string> => {
  const manifest = JSON.parse(readFileSync(join(cwd, "package.json"), "utf8"))
  const readme = readFileSync(join(cwd, "README.md"), "utf8")
  const missing = ["description", "license", "repository", "homepage", "bugs", "keywords"].filter(
    (member) => manifest[member] === undefined
  )
  const undocumented = Object.keys(manifest.peerDependenciesMeta ?? {}).filter(
    (peer) => !readme.includes(`\`${peer}\``)
  )
  return [
    ...missing.map((member) => `package.json has no ${member}`),
    ...undocumented.map((peer) => `README.md does not describe what the optional peer ${peer} enables`)
  ]
}

const tarballs = new Map<string, string>()

for (const name of [...names, command] as const) {
  const cwd = join(root, "packages", name)
  const problems = manifestProblems(cwd)
  if (problems.length > 0) {
    process.stderr.write(problems.map((problem) => `${name}: ${problem}\n`).join(""))
    process.exit(1)
  }
  const tarball = packOne(name, folder)
  const files = outputOf("the list of files", "tar", ["-tzf", tarball], root).trim().split("\n")
  const unexpected = files.filter((file) => !allowed.test(file))
  if (unexpected.length > 0) {
    process.stderr.write(`${name}: unexpected files in the package:\n${unexpected.join("\n")}\n`)
    process.exit(1)
  }
  outputOf("publint", "publint", ["run", tarball, "--strict"], root)
  // The command has nothing to import.
  if (name !== command) {
    outputOf("attw", "attw", [tarball, "--profile", "esm-only", "--format", "ascii"], root)
    tarballs.set(name, tarball)
  }
  process.stdout.write(`  @kimi-effect/${name}: ${files.length} files\n`)
}

checkLoadedModules(tarballs, join(folder, "app"))
