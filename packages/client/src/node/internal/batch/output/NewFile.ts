/** A file that appears under its name when it is complete. */
import { closeSync, fchmodSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync } from "node:fs"
import { writeAll } from "./Appender.ts"
import * as gzipMember from "./gzipMember.ts"
import { memberBytes } from "./GzipOutput.ts"
import { locked, type Temporary } from "./temporaryFile.ts"

/** As the system refuses a folder, but before the file is written. */
class FolderError extends Error {
  readonly code = "EISDIR"
  readonly path: string
  constructor(path: string) {
    super("The path is a folder")
    this.path = path
  }
}

export class NewFile {
  readonly #path: string
  readonly #temporary: Temporary
  readonly #file: number
  #end = 0
  #lines: Array<Uint8Array> = []
  #bytes = 0

  /** The process holds the lock of the job, unless `temporaryFor` gives a file that no other process writes. */
  constructor(path: string, temporaryFor: (path: string) => Temporary = locked) {
    const before = statSync(path, { throwIfNoEntry: false })
    if (before?.isDirectory() === true) throw new FolderError(path)
    // A link stays one.
    this.#path = before === undefined ? path : realpathSync(path)
    this.#temporary = temporaryFor(this.#path)
    this.#file = this.#open()
    if (before !== undefined) fchmodSync(this.#file, before.mode & 0o777)
  }

  #open(): number {
    const { path, release } = this.#temporary
    try {
      rmSync(path, { force: true })
      return openSync(path, "wx", 0o600)
    } catch (error) {
      release()
      throw error
    }
  }

  /** Takes whole lines. Many of them are written together, and are a member of a compressed file. */
  append(lines: Uint8Array): void {
    this.#lines.push(lines)
    this.#bytes += lines.length
    if (this.#bytes >= memberBytes) this.#write()
  }

  #write(): void {
    if (this.#bytes === 0) return
    const lines = Buffer.concat(this.#lines)
    this.#lines = []
    this.#bytes = 0
    const bytes = this.#path.endsWith(".gz") ? gzipMember.encode(lines) : lines
    writeAll(this.#file, bytes, this.#end)
    this.#end += bytes.length
  }

  /** Writes everything to the disk, where it is before it has its name. `prepare` runs between. */
  commit(prepare?: () => void): void {
    this.#write()
    fsyncSync(this.#file)
    prepare?.()
    renameSync(this.#temporary.path, this.#path)
  }

  /** Removes it, unless it is complete. */
  close(): void {
    closeSync(this.#file)
    rmSync(this.#temporary.path, { force: true })
    this.#temporary.release()
  }
}
