/** Packs every public package and holds the tarball against what users expect of one. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const root = new URL("..", import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), "kimi-effect-"))

const run = (command: string, args: ReadonlyArray<string>, cwd: string): string => {
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" })
  if (status === 0) return stdout
  process.stderr.write(`${command} ${args.join(" ")}\n${error === undefined ? `${stdout}${stderr}` : error.message}\n`)
  return process.exit(1)
}

/** Only these belong into a package. */
const allowed =
  /^package\/(?:dist\/.+\.(?:js|d\.ts)(?:\.map)?|src\/.+\.ts|fixtures\/.+|package\.json|README\.md|LICENSE)$/

for (const name of ["core", "client", "testing"]) {
  const cwd = join(root, "packages", name)
  run("pnpm", ["pack", "--pack-destination", folder], cwd)
  const tarball = join(folder, `kimi-effect-${name}-0.0.0.tgz`)
  const files = run("tar", ["-tzf", tarball], root).trim().split("\n")
  const strange = files.filter((file) => !allowed.test(file))
  if (strange.length > 0) {
    process.stderr.write(`${name}: these do not belong into the package:\n${strange.join("\n")}\n`)
    process.exit(1)
  }
  run("publint", ["run", tarball, "--strict"], root)
  run("attw", [tarball, "--profile", "esm-only", "--format", "ascii"], root)
  process.stdout.write(`  @kimi-effect/${name}: ${files.length} files\n`)
}

rmSync(folder, { recursive: true })
