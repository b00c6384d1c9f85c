/** The test files that load any of the changed files. */
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

const imported = /(?:^|\n)(?:import|export)\s(?!type\s)[^"]*?from "(\.[^"]+)"|\bimport\("(\.[^"]+)"\)/g

/** The files of the repository that a module imports. */
const importsOf = (file: string): ReadonlyArray<string> =>
  [...readFileSync(file, "utf8").matchAll(imported)]
    .map(([, from, lazy]) => join(dirname(file), from ?? lazy ?? ""))
    .filter((path) => existsSync(path))

export const relatedTests = (tests: ReadonlyArray<string>, changed: ReadonlyArray<string>): ReadonlyArray<string> => {
  const targets = new Set(changed)
  const known = new Map<string, ReadonlyArray<string>>()
  const loads = (test: string): boolean => {
    const seen = new Set<string>()
    const pending = [test]
    for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
      if (targets.has(file)) return true
      if (seen.has(file)) continue
      seen.add(file)
      const imports = known.get(file) ?? importsOf(file)
      known.set(file, imports)
      pending.push(...imports)
    }
    return false
  }
  return tests.filter(loads)
}
