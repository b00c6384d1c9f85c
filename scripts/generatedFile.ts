/** A file that a script generates. With `--check` the script fails where it is not up to date, and writes nothing. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { relative } from "node:path"

const root = new URL("../", import.meta.url).pathname

/** `script` is the path of the script that generates the file, from the root of the repository. */
export const writeOrCheck = (file: URL, text: string, script: string): void => {
  if (!process.argv.includes("--check")) return writeFileSync(file, text)
  if (existsSync(file) && readFileSync(file, "utf8") === text) return
  process.stderr.write(`${relative(root, file.pathname)} is not up to date: run node ${script}\n`)
  process.exit(1)
}
