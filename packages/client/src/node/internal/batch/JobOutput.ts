/**
 * The output file of a job, which is also its journal: a row is done when its
 * line is complete. Functions are synchronous: a line is an append of the file
 * system's memory, and is in the file before the next row is started.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, readSync, renameSync, writeSync } from "node:fs"
import { type LineHead, readHead } from "./outputLine.ts"

const chunkBytes = 1024 * 1024
const newline = 10
const headBytes = 512

export class NotAnOutput extends Error {}

/** Lines, in one bit each. */
export class LineSet {
  #bits = new Uint8Array(1024)
  size = 0

  add(line: number): boolean {
    const at = line >> 3
    if (at >= this.#bits.length) {
      const grown = new Uint8Array(Math.max(at + 1, this.#bits.length * 2))
      grown.set(this.#bits)
      this.#bits = grown
    }
    if (this.has(line)) return false
    this.#bits[at] = (this.#bits[at] ?? 0) | (1 << (line & 7))
    this.size += 1
    return true
  }

  has(line: number): boolean {
    return ((this.#bits[line >> 3] ?? 0) & (1 << (line & 7))) !== 0
  }
}

/** Calls with every complete line, and returns where they end. */
const eachLine = (file: number, visit: (bytes: Buffer) => void): number => {
  let pending = Buffer.alloc(0)
  let position = 0
  let end = 0
  for (;;) {
    const chunk = Buffer.allocUnsafe(chunkBytes)
    const read = readSync(file, chunk, 0, chunkBytes, position)
    if (read === 0) return end
    position += read
    const bytes = pending.length === 0 ? chunk.subarray(0, read) : Buffer.concat([pending, chunk.subarray(0, read)])
    let from = 0
    for (let to = bytes.indexOf(newline); to !== -1; to = bytes.indexOf(newline, from)) {
      visit(bytes.subarray(from, to))
      end += to + 1 - from
      from = to + 1
    }
    pending = bytes.subarray(from)
  }
}

const headOf = (bytes: Buffer): LineHead => {
  const head =
    readHead(bytes.toString("latin1", 0, headBytes)) ??
    // A long id.
    (bytes.length > headBytes ? readHead(bytes.toString("latin1")) : undefined)
  if (head === undefined) throw new NotAnOutput()
  return head
}

/** Calls with the head of every complete line, and returns where they end. */
export const scan = (file: number, visit: (head: LineHead) => void): number =>
  eachLine(file, (bytes) => visit(headOf(bytes)))

const writeAll = (file: number, bytes: Uint8Array, position: number): void => {
  for (let written = 0; written < bytes.length;) {
    written += writeSync(file, bytes, written, bytes.length - written, position + written)
  }
}

/** Replaces the file by one without the lines that are not kept, at once. */
export const keepLines = (path: string, isKept: (head: LineHead) => boolean): void => {
  const copy = `${path}.tmp`
  const from = openSync(path, "r")
  const to = openSync(copy, "w", 0o600)
  try {
    let position = 0
    eachLine(from, (bytes) => {
      if (!isKept(headOf(bytes))) return
      const line = Buffer.concat([bytes, Buffer.from("\n")])
      writeAll(to, line, position)
      position += line.length
    })
    fsyncSync(to)
  } finally {
    closeSync(from)
    closeSync(to)
  }
  renameSync(copy, path)
}

/** An output that is open for appending. */
export class JobOutput {
  readonly #file: number
  #end: number

  /** Opens or creates the file, and cuts what a killed process left of a line. */
  constructor(path: string, visit: (head: LineHead) => void) {
    this.#file = openSync(path, "a+", 0o600)
    closeSync(this.#file)
    // Writing at a position needs a file that is not open for appending.
    this.#file = openSync(path, "r+")
    try {
      this.#end = scan(this.#file, visit)
      ftruncateSync(this.#file, this.#end)
    } catch (error) {
      closeSync(this.#file)
      throw error
    }
  }

  append(line: string): void {
    const bytes = Buffer.from(line)
    try {
      writeAll(this.#file, bytes, this.#end)
    } catch (error) {
      // Part of the line may have been written before the disk was full.
      ftruncateSync(this.#file, this.#end)
      throw error
    }
    this.#end += bytes.length
  }

  sync(): void {
    fsyncSync(this.#file)
  }

  close(): void {
    closeSync(this.#file)
  }
}
