/**
 * Checks how many modules the import of each main entry loads, of the packed
 * packages and of their dependencies: most of the time that a program takes to
 * start. The indexes load little more than a chat; what else they export is
 * loaded when it is used.
 */
import { mkdirSync, realpathSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { outputOf, root } from "./tarballs.ts"

/** The most modules of each entry. A release of Effect may change them. */
const limits: Readonly<Record<string, number>> = {
  "@kimi-effect/client/KimiClient": 185,
  "@kimi-effect/client/node/KimiNode": 186,
  "@kimi-effect/client": 186,
  "@kimi-effect/client/node": 199,
  "@kimi-effect/core": 180,
  "@kimi-effect/testing": 201
}

/** Prints the number of the modules that are loaded with an entry. */
const program = (entry: string): string => `
  import { registerHooks } from "node:module"
  const urls = new Set()
  registerHooks({ load: (url, context, next) => (urls.add(url), next(url, context)) })
  await import(${JSON.stringify(entry)})
  process.stdout.write(String(urls.size))`

/** Unpacks the packages into a folder, next to what they depend on. */
const install = (tarballs: ReadonlyMap<string, string>, folder: string): void => {
  const modules = join(folder, "node_modules")
  for (const [name, tarball] of tarballs) {
    const place = join(modules, "@kimi-effect", name)
    mkdirSync(place, { recursive: true })
    outputOf("unpacking", "tar", ["-xzf", tarball, "--strip-components=1", "-C", place], root)
  }
  for (const name of ["effect", "lru-cache"]) {
    symlinkSync(realpathSync(join(root, "packages/core/node_modules", name)), join(modules, name))
  }
}

/** Exits when an entry loads more modules than it may. */
export const checkLoadedModules = (tarballs: ReadonlyMap<string, string>, folder: string): void => {
  install(tarballs, folder)
  const counts = Object.entries(limits).map(([entry, limit]) => {
    const count = Number(
      outputOf(`import of ${entry}`, "node", ["--input-type=module", "--eval", program(entry)], folder)
    )
    return { entry, limit, count }
  })
  process.stdout.write(`  modules: ${counts.map(({ count, entry }) => `${entry} ${count}`).join(", ")}\n`)
  const problems = counts.filter(({ count, limit }) => count > limit)
  if (problems.length === 0) return
  process.stderr.write(
    problems.map(({ count, entry, limit }) => `${entry} loads ${count} modules, of at most ${limit}\n`).join("")
  )
  process.exit(1)
}
