/** Appends to a file, and notices what other programs do to it meanwhile. */
import {
  type BigIntStats,
  closeSync,
  existsSync,
  fchmodSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync
} from "node:fs"
import { dirname } from "node:path"
import { createFolderSync } from "../../createFolder.ts"
import { UnusablePathError } from "../../FileFailure.ts"
import { locked } from "./temporaryFile.ts"

const chunkBytes = 256 * 1024

/** Without a position, at the end of a file that is open for appending. */
export const writeAll = (file: number, bytes: Uint8Array, position?: number): void => {
  for (let written = 0; written < bytes.length;) {
    const at = position === undefined ? null : position + written
    written += writeSync(file, bytes, written, bytes.length - written, at)
  }
}

/** Calls with the first bytes of a file. They are valid during the call. */
const eachChunk = (file: number, end: number, visit: (bytes: Uint8Array, position: number) => void): void => {
  const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, end))
  for (let at = 0; at < end;) {
    const count = readSync(file, buffer, 0, Math.min(buffer.length, end - at), at)
    if (count === 0) throw new Error("the file was cut by another process")
    visit(buffer.subarray(0, count), at)
    at += count
  }
}

/** Some file systems, such as those of other machines, number a file in more than one way. */
const isSame = (one: BigIntStats, other: BigIntStats): boolean =>
  (one.ino === other.ino && one.dev === other.dev) || (one.size === other.size && one.mtimeNs === other.mtimeNs)

/** Where the bytes of a file are that another program has replaced. */
export const rescuedOf = (path: string, count = 1): string => `${path}.rescued-${count}`

/** A path that has no file yet. */
const unusedOf = (path: string): string => {
  for (let count = 1; ; count++) {
    const name = rescuedOf(path, count)
    if (statSync(name, { throwIfNoEntry: false }) === undefined) return name
  }
}

const rescuedFix = (path: string, rescued: string): string => {
  const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined
  const name = `${JSON.stringify(path)}${isThere ? ", which overwrites the other program's file" : ""}`
  return `The rows of the job are in ${JSON.stringify(rescued)}: rename it to ${name}, and run the job again.`
}

const cutFix =
  "Run the job again: rows that are missing are requested again, unless a copy of the file is restored before."

const addedFix =
  "Remove what was added, and run the job again. If it is not known what that is, the next run has the way to continue."

/** What another program has done to a file of a job that is running. */
export class ChangedFileError extends UnusablePathError {
  readonly fix: string
  constructor(what: string, path: string, fix: string) {
    super(`another program has ${what} ${JSON.stringify(path)} while the job was running`)
    this.fix = fix
  }
}

/** Why a file of a job must not be used, as long as its rows that were rescued are next to it: they would be requested again. */
export const unusedRescue = (path: string): { readonly message: string; readonly fix: string } | undefined => {
  const rescued = rescuedOf(path)
  if (!existsSync(rescued)) return undefined
  const or = `If its rows are not needed, remove ${JSON.stringify(rescued)}.`
  return {
    message: `Another program had replaced ${JSON.stringify(path)} while the job was running`,
    fix: `${rescuedFix(path, rescued)} ${or}`
  }
}

/**
 * Each append is whole or is not there. The file is open for appending: after another
 * program has cut it, it has fewer bytes than were appended.
 */
export class Appender {
  readonly #path: string
  #file: number
  #end: number
  /** Those of removed files. They are closed at the end: the system may be writing one to the disk. */
  readonly #removed: Array<number> = []
  /** Why the file cannot be used any more. */
  #failure: Error | undefined

  constructor(path: string, file: number, end: number) {
    this.#path = path
    this.#file = file
    this.#end = end
    ftruncateSync(file, end)
  }

  get end(): number {
    return this.#end
  }

  append(bytes: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure
    try {
      writeAll(this.#file, bytes)
    } catch (error) {
      // Part of it may have been written before the disk was full.
      this.cut(this.#end)
      throw error
    }
    this.#end += bytes.length
  }

  /** Removes what was appended after a position. */
  cut(end: number): void {
    // A longer one would have zeros at its end.
    if (fstatSync(this.#file).size > end) ftruncateSync(this.#file, end)
    this.#end = end
  }

  /** Everything that was appended. */
  contents(): Buffer {
    if (this.#failure !== undefined) throw this.#failure
    const bytes = Buffer.allocUnsafe(this.#end)
    eachChunk(this.#file, this.#end, (chunk, at) => void bytes.set(chunk, at))
    return bytes
  }

  clear(): void {
    this.cut(0)
  }

  /** Calls when what was appended is on the disk, in the file of the path. */
  flush(onDone: (error: Error | null) => void): void {
    try {
      this.keepPath()
    } catch (error) {
      return onDone(error as Error)
    }
    fdatasync(this.#file, onDone)
  }

  /** Writes what was appended to the disk, into the file of the path. */
  sync(): void {
    this.keepPath()
    this.syncOpen()
  }

  /** The same into the open file, wherever that is. */
  syncOpen(): void {
    fsyncSync(this.#file)
  }

  close(): void {
    for (const file of [this.#file, ...this.#removed]) closeSync(file)
  }

  /**
   * A file that was removed or moved is written again, from the one that is still open:
   * its rows are paid. Throws if another one has its path, or if bytes were removed or added,
   * and takes no further lines then.
   */
  keepPath(): void {
    if (this.#failure !== undefined) throw this.#failure
    try {
      this.#keepPath()
    } catch (error) {
      this.#failure = error as Error
      throw error
    }
  }

  #keepPath(): void {
    const open = fstatSync(this.#file, { bigint: true })
    if (open.size < this.#end) throw new ChangedFileError("removed rows of", this.#path, cutFix)
    if (open.size > this.#end) throw new ChangedFileError("written to", this.#path, addedFix)
    const named = statSync(this.#path, { bigint: true, throwIfNoEntry: false })
    if (named === undefined) return this.#writeAgain()
    if (isSame(named, open)) return
    const rescued = unusedOf(this.#path)
    closeSync(this.#copy(rescued))
    throw new ChangedFileError("replaced", this.#path, rescuedFix(this.#path, rescued))
  }

  #writeAgain(): void {
    const { path } = locked(this.#path)
    createFolderSync(dirname(path))
    const copy = this.#copy(path)
    renameSync(path, this.#path)
    this.#removed.push(this.#file)
    this.#file = copy
  }

  /** The copy, which is on the disk. */
  #copy(path: string): number {
    rmSync(path, { force: true })
    const copy = openSync(path, "ax+", 0o600)
    try {
      fchmodSync(copy, fstatSync(this.#file).mode & 0o777)
      eachChunk(this.#file, this.#end, (chunk) => writeAll(copy, chunk))
      fsyncSync(copy)
      return copy
    } catch (error) {
      closeSync(copy)
      rmSync(path, { force: true })
      throw error
    }
  }
}
