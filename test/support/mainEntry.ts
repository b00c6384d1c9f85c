/** The names of a package's main entry, and whether each is a namespace. */
import { readFileSync } from "node:fs"

type Names = Readonly<Record<string, boolean>>

const isNamespace = (value: unknown): boolean => Object.prototype.toString.call(value) === "[object Module]"

/** Those that a module exports. */
export const exportedBy = (module: object): Names =>
  Object.fromEntries(Object.entries(module).map(([name, value]) => [name, isNamespace(value)]))

/** Those that `exports.txt` of the package lists and that exist at run time. */
export const listedIn = (exports: URL): Names =>
  Object.fromEntries(
    (readFileSync(exports, "utf8").split("\n\n")[0] ?? "")
      .split("\n")
      .filter((line) => /: (?:namespace|value)\b/.test(line))
      .map((line) => {
        const [name = "", kind] = line.trim().split(": ")
        return [name, kind === "namespace"]
      })
  )
