/**
 * An append-only file of lines, which is rotated when it exceeds a size or at
 * the end of its day.
 *
 * Several processes may write the same file. Lines of one batch are one write
 * at the end of the file, which is atomic; a rotation by another process is
 * detected by the identity of the file before every write; and rotated files
 * have unique names, so that none is ever overwritten.
 *
 * @since 0.1.0
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats, writeSync } from "node:fs"
import { type FileHandle, open, readdir, rename, stat } from "node:fs/promises"
import { basename, dirname, extname, join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { createFolder } from "./createFolder.ts"
import { isMissing, remove } from "./EntryFile.ts"
import { codeOf, UnusablePathError } from "./FileFailure.ts"
import { type Identity, isSameFile } from "./FileStats.ts"

export interface Options {
  readonly path: string
  /** Size at which the file is rotated. */
  readonly maxBytes: number
  /** Most rotated files that are kept. */
  readonly maxFiles: number
  readonly isDaily: boolean
  /** The mode of new files. */
  readonly mode: number
  /** Whether a write waits until it is on the disk. */
  readonly isSynced: boolean
}

/** The number of lines that were written, and the failure of the rest. */
export interface AppendResult {
  readonly lines: number
  readonly failure?: unknown
}

interface OpenFile {
  readonly handle: FileHandle
  readonly identity: Identity
  readonly day: string
  /** Whether it has only the permissions of new files. */
  readonly isRestricted: boolean
}

/** Larger batches are written in parts, so that a file does not exceed its size by much. */
const maxWriteBytes = 262_144
const newline = 10
/**
 * The time that another process is given to complete a line that it has begun to
 * write. It is real time, as the other process is, with any `Clock`.
 */
const writeGraceMillis = 10

const dayOf = (millis: number): string => new Date(millis).toISOString().slice(0, 10)

const statIfExists = async (path: string): Promise<Stats | undefined> => {
  try {
    return await stat(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

const hasPartialLine = async (handle: FileHandle, size: number): Promise<boolean> => {
  if (size === 0) return false
  const last = Buffer.alloc(1)
  const { bytesRead } = await handle.read(last, 0, 1, size - 1)
  return bytesRead === 1 && last[0] !== newline
}

/**
 * Whether the last line is incomplete, from any process. A line that is being
 * written looks the same, but has grown a moment later.
 */
const hasTornLine = async (handle: FileHandle, size: number): Promise<boolean> => {
  if (!(await hasPartialLine(handle, size))) return false
  await setTimeout(writeGraceMillis)
  const later = await handle.stat()
  return later.size === size && (await hasPartialLine(handle, size))
}

const appendFlags = constants.O_RDWR | constants.O_APPEND
const createFlags = appendFlags | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0)

/** The beginning of every audit log. Any other file is not appended to, renamed or removed. */
const firstText = '{"event":"'

/** Whether a file that begins with some text is an audit log; its first line may be incomplete. */
const isAuditLog = (text: string): boolean => {
  const [line = ""] = text.split("\n", 1)
  return line.startsWith(firstText) || (line !== "" && firstText.startsWith(line))
}

const checkFile = (stats: Stats, text: string): void => {
  if (stats.isFile() && stats.size > 0 && !isAuditLog(text)) {
    throw new UnusablePathError("it is a file of others and is left as it is; set another path")
  }
}

/** Opens a link only if it leads to a device or a pipe, such as `/dev/stdout`. */
const openLink = async (path: string): Promise<FileHandle> => {
  const handle = await open(path, appendFlags)
  if (!(await handle.stat()).isFile()) return handle
  await handle.close()
  throw new UnusablePathError("it is a symbolic link, which is not followed; set the path of its target")
}

const openPath = async ({ mode, path }: Options): Promise<FileHandle> => {
  try {
    return await open(path, createFlags, mode)
  } catch (error) {
    if (codeOf(error) === "ELOOP") return openLink(path)
    throw error
  }
}

const permissionBits = 0o777

/** Removes permissions that a new file would not have. The result is whether it has none of them. */
const restrict = async (handle: FileHandle, stats: Stats, mode: number): Promise<boolean> => {
  const excess = stats.mode & permissionBits & ~mode
  if (!stats.isFile() || excess === 0 || process.platform === "win32") return true
  try {
    await handle.chmod(stats.mode & permissionBits & mode)
    return true
  } catch {
    // The file of another user.
    return false
  }
}

/** A file, and its stats before a write. */
interface Opened {
  readonly file: OpenFile
  readonly stats: Stats
}

const openFile = async (options: Options, now: number): Promise<Opened> => {
  await createFolder(dirname(options.path))
  const handle = await openPath(options)
  try {
    const stats = await handle.stat()
    const start = Buffer.alloc(firstText.length)
    if (stats.isFile()) await handle.read(start, 0, start.length, 0)
    checkFile(stats, start.toString("latin1", 0, Math.min(stats.size, start.length)))
    const isRestricted = await restrict(handle, stats, options.mode)
    const day = dayOf(stats.size === 0 ? now : stats.mtimeMs)
    return { file: { handle, identity: stats, day, isRestricted }, stats }
  } catch (error) {
    await handle.close()
    throw error
  }
}

const appendTo = (file: number, bytes: Buffer): void => {
  const stats = fstatSync(file)
  const start = Buffer.alloc(firstText.length)
  if (stats.isFile()) readSync(file, start, 0, start.length, 0)
  checkFile(stats, start.toString("latin1", 0, Math.min(stats.size, start.length)))
  writeSync(file, bytes)
}

/** `audit.jsonl` → `audit-2026-11-26T02-35-20-123Z-1a2b3c4d.jsonl`; by name, the oldest is first. */
const rotatedPath = (path: string, now: number): string => {
  const extension = extname(path)
  const time = new Date(now).toISOString().replaceAll(/[:.]/g, "-")
  const own = Buffer.from(crypto.getRandomValues(new Uint8Array(4))).toString("hex")
  return join(dirname(path), `${basename(path, extension)}-${time}-${own}${extension}`)
}

const rotatedSuffix = /^-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z-[0-9a-f]{8}$/

/** The rotated files, oldest first. */
export const listRotated = async (path: string): Promise<ReadonlyArray<string>> => {
  const extension = extname(path)
  const base = basename(path, extension)
  const names = await readdir(dirname(path))
  return names
    .filter(
      (name) =>
        name.startsWith(base) &&
        name.endsWith(extension) &&
        rotatedSuffix.test(name.slice(base.length, name.length - extension.length))
    )
    .toSorted()
    .map((name) => join(dirname(path), name))
}

/** Batches of at most `maxBytes`, or of one line. */
const splitIntoBatches = (lines: ReadonlyArray<string>, maxBytes: number): ReadonlyArray<ReadonlyArray<string>> => {
  const parts: Array<Array<string>> = []
  let size = Number.POSITIVE_INFINITY
  for (const line of lines) {
    const bytes = Buffer.byteLength(line) + 1
    if (size + bytes > maxBytes) {
      parts.push([])
      size = 0
    }
    parts.at(-1)?.push(line)
    size += bytes
  }
  return parts
}

const toBytes = (lines: ReadonlyArray<string>): Buffer => Buffer.from(`${lines.join("\n")}\n`)

/** Ends a line that is incomplete. */
const lineEnd = Buffer.from([newline])

/** The number of complete lines in the first bytes of a batch. */
const countWholeLines = (bytes: Buffer, isTorn: boolean): number => {
  let lines = isTorn ? -1 : 0
  for (const byte of bytes) if (byte === newline) lines += 1
  return Math.max(0, lines)
}

/** The file of one process. Its methods are called one after the other. */
export class RotatingFile {
  readonly #options: Options
  #current: OpenFile | undefined
  #isPruneDue = false
  #isClosed = false

  constructor(options: Options) {
    this.#options = options
  }

  /** Whether others can access the open file although `mode` does not let them. */
  get isExposed(): boolean {
    return this.#current?.isRestricted === false
  }

  async #closeFile(): Promise<void> {
    const { handle } = this.#current ?? {}
    this.#current = undefined
    await handle?.close()
  }

  /** The current file, which another process may have rotated. */
  async #open(now: number): Promise<Opened> {
    const stats = await statIfExists(this.#options.path)
    const file = this.#current
    if (file !== undefined && stats !== undefined && isSameFile(stats, file.identity)) return { file, stats }
    await this.#closeFile()
    const opened = await openFile(this.#options, now)
    if (this.#isClosed) {
      // The disk has responded too late. Node ends a process that leaves a file to the garbage collector.
      await opened.file.handle.close()
      throw new Error("the audit log is closed")
    }
    this.#current = opened.file
    return opened
  }

  async #rotate(now: number): Promise<void> {
    const { path } = this.#options
    await this.#closeFile()
    this.#isPruneDue = true
    try {
      await rename(path, rotatedPath(path, now))
    } catch (error) {
      // Another process has rotated it first.
      if (!isMissing(error)) throw error
    }
  }

  /** Removes the oldest rotated files over the limit. */
  async #prune(): Promise<void> {
    const { maxFiles, path } = this.#options
    const aside = await listRotated(path)
    await Promise.all(aside.slice(0, Math.max(0, aside.length - maxFiles)).map(remove))
    this.#isPruneDue = false
  }

  /** The file for a write of `bytes`, and its size. */
  async #openFor(bytes: number, now: number): Promise<readonly [FileHandle, number]> {
    const { isDaily, maxBytes } = this.#options
    const { file, stats } = await this.#open(now)
    const size = stats.isFile() ? stats.size : 0
    const isOver = size + bytes > maxBytes || (isDaily && file.day !== dayOf(now))
    if (size === 0 || !isOver) return [file.handle, size]
    await this.#rotate(now)
    const next = await this.#open(now)
    return [next.file.handle, next.stats.size]
  }

  async #write(lines: ReadonlyArray<string>, now: number): Promise<number> {
    const whole = toBytes(lines)
    const [handle, size] = await this.#openFor(whole.length, now)
    const isTorn = await hasTornLine(handle, size)
    const bytes = isTorn ? Buffer.concat([lineEnd, whole]) : whole
    const { bytesWritten } = await handle.write(bytes)
    if (this.#options.isSynced) await handle.datasync()
    return countWholeLines(bytes.subarray(0, bytesWritten), isTorn)
  }

  /** Appends lines in order. After a failure the remaining lines can be appended later. */
  async append(lines: ReadonlyArray<string>, now: number): Promise<AppendResult> {
    let written = 0
    try {
      for (const part of splitIntoBatches(lines, Math.min(maxWriteBytes, this.#options.maxBytes))) {
        const whole = await this.#write(part, now)
        written += whole
        if (whole < part.length) return { lines: written, failure: new Error("a write was cut short") }
      }
      if (this.#isPruneDue) await this.#prune()
      return { lines: written }
    } catch (failure) {
      return { lines: written, failure }
    }
  }

  /** Opens the file, so that a problem with it is known before the first line. */
  async probe(now: number): Promise<AppendResult> {
    try {
      await this.#open(now)
      return { lines: 0 }
    } catch (failure) {
      return { lines: 0, failure }
    }
  }

  /** Appends lines synchronously while the process exits. */
  appendSync(lines: ReadonlyArray<string>): void {
    const bytes = toBytes(lines)
    if (this.#current !== undefined) {
      writeSync(this.#current.handle.fd, bytes)
      return
    }
    const file = openSync(this.#options.path, createFlags, this.#options.mode)
    try {
      appendTo(file, bytes)
    } finally {
      closeSync(file)
    }
  }

  /** Closes the file, also one that is still being opened. */
  close(): Promise<void> {
    this.#isClosed = true
    return this.#closeFile()
  }
}
