/** Packs the public packages, and runs commands on them. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"

/** The root of the repository. */
export const root = new URL("..", import.meta.url).pathname

/** The public packages that programs import, without their scope. */
export const names = ["core", "client", "testing"] as const

/** The tools of the repository come before those of the machine, which need only have Node and npm. */
export const environment: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: [join(root, "node_modules/.bin"), process.env["PATH"]].join(delimiter)
}

/** Runs a command to its end and returns what it prints, or exits with that when it fails. */
export const outputOf = (what: string, command: string, args: ReadonlyArray<string>, cwd: string): string => {
  const { error, status, stderr, stdout } = spawnSync(command, args, { cwd, env: environment, encoding: "utf8" })
  if (status === 0) return stdout
  const output = error === undefined ? `${stdout}${stderr}` : `${error.message}\n`
  process.stderr.write(`${what} failed: ${command} ${args.join(" ")}\n${output}\n`)
  return process.exit(1)
}

/** Runs a command to its end, and exits with its output when it fails. */
export const run = (what: string, command: string, args: ReadonlyArray<string>, cwd: string): void => {
  outputOf(what, command, args, cwd)
  process.stdout.write(`  ${what}\n`)
}

const { scripts }: { readonly scripts: { readonly pnpm: string } } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8")
)
const [npx = "", ...pinned] = scripts.pnpm.split(" ")

/** Runs pnpm in the version that `npm run pnpm` has, so that the machine need not have it. */
export const runPnpm = (what: string, args: ReadonlyArray<string>, cwd: string): void =>
  run(what, npx, [...pinned, ...args], cwd)

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
  runPnpm(`packs @kimi-effect/${name}`, ["pack", "--pack-destination", folder], place)
  return join(folder, `kimi-effect-${name}-${version}.tgz`)
}

/** Packs every package into a folder. Returns where the tarball of each is. */
export const pack = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [`@kimi-effect/${name}`, `file:${packOne(name, folder)}`]))
