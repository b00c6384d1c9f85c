/** Files for targets that read files. They are removed when the thread ends. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const folder = mkdtempSync(join(tmpdir(), "kimi-fuzz-"))
process.once("exit", () => rmSync(folder, { recursive: true, force: true }))

export const scratchFile = (name: string): string => join(folder, name)
