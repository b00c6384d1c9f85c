/** An application with the packed packages and their peers, as users install them. */
import { spawnSync } from "node:child_process"
import {
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"

const root = new URL("../../../..", import.meta.url).pathname
const programs = new URL("programs/", import.meta.url).pathname

/** What is linked from the dependencies of this package. */
const dependencies = ["ai", "effect", "lru-cache", "openai", "undici"]

const run = (command: string, args: ReadonlyArray<string>, cwd: string): void => {
  const { error, status, stderr, stdout } = spawnSync(command, args, { cwd, encoding: "utf8" })
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${error?.message ?? ""}${stdout}${stderr}`)
}

const packageManager = (): string => {
  const { scripts }: { readonly scripts: { readonly in: string } } = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8")
  )
  return /pnpm@[\d.]+/.exec(scripts.in)?.[0] ?? "pnpm"
}

/**
 * Packs the packages, which `pnpm build` has built before, and returns the folder
 * of the application, which is removed when this process exits.
 */
export const makeApp = (): string => {
  const app = mkdtempSync(join(tmpdir(), "kimi-effect-cold-start-"))
  process.once("exit", () => rmSync(app, { recursive: true, force: true }))
  const modules = join(app, "node_modules")
  for (const name of ["core", "client"]) {
    const folder = join(modules, "@kimi-effect", name)
    mkdirSync(folder, { recursive: true })
    const pack = ["--loglevel=error", "-y", packageManager(), "pack", "--pack-destination", app]
    run("npx", pack, join(root, "packages", name))
    const [tarball = ""] = globSync(`kimi-effect-${name}-*.tgz`, { cwd: app })
    run("tar", ["-xzf", tarball, "--strip-components=1", "-C", folder], app)
  }
  for (const name of dependencies) {
    symlinkSync(realpathSync(join(root, "packages/bench/node_modules", name)), join(modules, name))
  }
  for (const program of globSync("*.ts", { cwd: programs })) {
    copyFileSync(join(programs, program), join(app, basename(program)))
  }
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }))
  return app
}
