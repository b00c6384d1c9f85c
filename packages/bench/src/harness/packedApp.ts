/**
 * An application with the packed packages, as users install them, and with a
 * copy of the sources of this package: every server and contestant runs in it, so that what
 * is published is measured, and not the sources.
 */
import { spawnSync } from "node:child_process"
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"

const sources = new URL("..", import.meta.url)
const bench = new URL("../..", import.meta.url).pathname
const root = new URL("../../../..", import.meta.url).pathname

const run = (command: string, args: ReadonlyArray<string>, cwd: string): void => {
  const { error, status, stderr, stdout } = spawnSync(command, args, { cwd, encoding: "utf8" })
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${error?.message ?? ""}${stdout}${stderr}`)
}

/** The dependencies of this package, linked, since they do not change. */
const linkDependencies = (modules: string): void => {
  const { dependencies }: { readonly dependencies: Readonly<Record<string, string>> } = JSON.parse(
    readFileSync(join(bench, "package.json"), "utf8")
  )
  for (const name of Object.keys(dependencies).filter((one) => !one.startsWith("@kimi-effect/"))) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(realpathSync(join(bench, "node_modules", name)), join(modules, name))
  }
}

const unpack = (app: string, modules: string): void => {
  run(process.execPath, [join(root, "scripts/pack.ts"), app], root)
  for (const tarball of globSync("kimi-effect-*.tgz", { cwd: app })) {
    const [, name = ""] = /^kimi-effect-([a-z]+)-/.exec(tarball) ?? []
    const folder = join(modules, "@kimi-effect", name)
    mkdirSync(folder, { recursive: true })
    run("tar", ["-xzf", tarball, "--strip-components=1", "-C", folder], app)
  }
}

let made: string | undefined

/** The folder of the application, made on first use and removed when this process exits. `pnpm build` has run before. */
export const packedApp = (): string => {
  if (made !== undefined) return made
  const app = mkdtempSync(join(tmpdir(), "kimi-effect-bench-"))
  process.once("exit", () => rmSync(app, { recursive: true, force: true }))
  // A signal that ends the process would leave the folder.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1))
  const modules = join(app, "node_modules")
  unpack(app, modules)
  linkDependencies(modules)
  cpSync(sources, join(app, "src"), { recursive: true })
  cpSync(join(bench, "package.json"), join(app, "package.json"))
  made = app
  return app
}

/** The copy of a module of this package in the application. */
export const packedModule = (module: URL): URL =>
  new URL(module.href.slice(sources.href.length), pathToFileURL(join(packedApp(), "src/")))
