/** A file that appears under its name when it is complete. */
import { randomUUID } from "node:crypto"
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as gzipMember from "./gzipMember.ts"
import { attempt } from "./jobFiles.ts"
import { writeAll } from "./PlainOutput.ts"

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
  readonly #temporary: string
  readonly #file: number
  #end = 0

  constructor(path: string) {
    this.#path = path
    // Several processes may write the same file on a shared volume.
    this.#temporary = `${path}.${randomUUID()}.tmp`
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) throw new FolderError(path)
    this.#file = openSync(this.#temporary, "wx", 0o600)
  }

  /** Whole lines, which a compressed file has as one member. */
  append(lines: Uint8Array): void {
    if (lines.length === 0) return
    const bytes = this.#path.endsWith(".gz") ? gzipMember.encode(lines) : lines
    writeAll(this.#file, bytes, this.#end)
    this.#end += bytes.length
  }

  /** Writes everything to the disk, where it is before it has its name. `prepare` runs between. */
  commit(prepare?: () => void): void {
    fsyncSync(this.#file)
    prepare?.()
    renameSync(this.#temporary, this.#path)
  }

  /** Removes it, unless it is complete. */
  close(): void {
    closeSync(this.#file)
    rmSync(this.#temporary, { force: true })
  }
}

export const newFile = (path: string) =>
  Effect.acquireRelease(
    attempt("open", () => new NewFile(path), path),
    (file) => Effect.sync(() => file.close())
  )
