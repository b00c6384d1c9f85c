/** An application with the packed packages and their peers, as users install them. */
import { spawnSync } from "node:child_process"
import {
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
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

/** Packs the packages, which `pnpm build` has built before, and returns the folder of the application. */
export const makeApp = (): string => {
  const app = mkdtempSync(join(tmpdir(), "kimi-effect-cold-start-"))
  const modules = join(app, "node_modules")
  for (const name of ["core", "client"]) {
    const folder = join(modules, "@kimi-effect", name)
    mkdirSync(folder, { recursive: true })
    const pack = ["--loglevel=error", "-y", packageManager(), "pack", "--pack-destination", app]
    run("npx", pack, join(root, "packages", name))
    run("tar", ["-xzf", join(app, `kimi-effect-${name}-0.0.0.tgz`), "--strip-components=1", "-C", folder], app)
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
