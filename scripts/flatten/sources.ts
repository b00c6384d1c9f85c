/** The modules of this repository, and what each imports. */
import { readFileSync } from "node:fs"
import { join, resolve as resolvePath } from "node:path"

const root = new URL("../..", import.meta.url).pathname

/** The entries of a package, by the paths of their sources. */
export const exportsOf = (own: string): Readonly<Record<string, string>> =>
  JSON.parse(readFileSync(join(root, "packages", own, "package.json"), "utf8")).exports

/** The imports of a module that are loaded with it. */
const importsOf = (path: string): ReadonlyArray<string> =>
  [...readFileSync(path, "utf8").matchAll(/^(?:import|export) (?!type\b)(?:[^;"']*? from )?"([^"]+)"/gms)].map(
    ([, specifier = ""]) => specifier
  )

/** The path of a module of this repository; `undefined` for one of another package. */
const resolve = (specifier: string, importer: string): string | undefined => {
  if (specifier.startsWith(".")) return join(importer, "..", specifier)
  const [, own, entry = ""] = /^@kimi-effect\/(\w+)(\/.+)?$/.exec(specifier) ?? []
  const source = own === undefined ? undefined : exportsOf(own)[`.${entry}`]
  return source === undefined ? undefined : join(root, "packages", own ?? "", source)
}

/** The modules that are loaded with a module. */
export const closureOf = (source: string): ReadonlySet<string> => {
  const closure = new Set<string>()
  const queue = [resolvePath(root, "packages", source)]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (closure.has(next)) continue
    closure.add(next)
    for (const specifier of importsOf(next)) {
      const imported = resolve(specifier, next)
      if (imported !== undefined) queue.push(imported)
    }
  }
  return closure
}

/** Whether a module is one of a package. */
export const isOf = (own: string, path: string): boolean => path.startsWith(join(root, "packages", own, "/"))

/** Whether a module loads others on demand. */
export const loadsOnDemand = (path: string): boolean => /\bimport\("/.test(readFileSync(path, "utf8"))
