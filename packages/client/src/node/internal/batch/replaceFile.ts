/** Small files that are whole at any time, also after a power cut: they name what is paid for. */
import { renameSync, writeFileSync } from "node:fs"

/** Records may have texts of prompts. */
const mode = 0o600

/** The text takes the place of the last one; with `flush`, when it is on the disk. */
export const replaceFile = (path: string, text: string, flush = true): void => {
  writeFileSync(`${path}.tmp`, text, { mode, flush })
  renameSync(`${path}.tmp`, path)
}

/** A file that does not exist yet, whose text is on the disk. */
export const createFile = (path: string, text: string): void =>
  writeFileSync(path, text, { flag: "wx", mode, flush: true })
