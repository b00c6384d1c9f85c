/** Packs the public packages, and runs commands on them. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** The root of the repository. */
export const root = new URL("..", import.meta.url).pathname

/** The public packages that programs import, without their scope. */
export const names = ["core", "client", "testing"] as const

/** Runs a command to its end, and exits with its output when it fails. */
export const run = (what: string, command: string, args: ReadonlyArray<string>, cwd: string): void => {
  const { error, status, stderr, stdout } = spawnSync(command, args, { cwd, encoding: "utf8" })
  if (status === 0) {
    process.stdout.write(`  ${what}\n`)
    return
  }
  const output = error === undefined ? `${stdout}${stderr}` : `${error.message}\n`
  process.stderr.write(`${what} failed: ${command} ${args.join(" ")}\n${output}\n`)
  process.exit(1)
}

/** A folder that exists until this process exits. */
export const temporaryFolder = (prefix: string): string => {
  const folder = mkdtempSync(join(tmpdir(), prefix))
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The package of the command, which has no dependencies. */
export const command = "cli"

/** Packs a package into a folder. Returns the path of its tarball. */
export const packOne = (name: (typeof names)[number] | typeof command, folder: string): string => {
  const place = join(root, "packages", name)
  const { version } = JSON.parse(readFileSync(join(place, "package.json"), "utf8"))
  run(`packs @kimi-effect/${name}`, "pnpm", ["pack", "--pack-destination", folder], place)
  return join(folder, `kimi-effect-${name}-${version}.tgz`)
}

/** Packs every package into a folder. Returns where the tarball of each is. */
export const pack = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [`@kimi-effect/${name}`, `file:${packOne(name, folder)}`]))
