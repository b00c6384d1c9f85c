/**
 * The output file of a job, which is also its journal: a row is done when its
 * line is complete. Functions are synchronous: a line is an append of the file
 * system's memory, and is in the file before the next row is started.
 */
import { closeSync, openSync, readSync } from "node:fs"
import { isCompactJson } from "./compactJson.ts"
import { type LineHead, readHead } from "./outputLine.ts"

/** The header of a member of a compressed output, without its length: the extra field has the bytes of "KE". */
export const memberStart = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 8, 0, 0x4b, 0x45, 4, 0])

/** A line that is no whole row of a job. */
export class DamagedLine extends Error {
  readonly path: string
  /** From 1. Of a compressed output, the line of its contents. */
  readonly line: number
  constructor(path: string, line: number) {
    super()
    this.path = path
    this.line = line
  }
}

/** A compressed output whose bytes are not those that were written. */
export class DamagedMember extends Error {
  /** Where they begin. */
  readonly position: number
  constructor(position: number) {
    super()
    this.position = position
  }
}

/** An output whose end is not whole, and that has fewer rows than a run has left: its end was not left by a kill. */
export class DamagedEnd extends Error {
  readonly rows: number
  readonly before: number
  /** Where what is whole ends. */
  readonly position: number
  constructor(rows: number, before: number, position: number) {
    super()
    this.rows = rows
    this.before = before
    this.position = position
  }
}

/** The end of the rows that were read. */
export interface RowsEnd {
  /** Whether rows may be missing that the user has deleted: nothing is torn, and the lines can be edited. */
  readonly canLose: boolean
  /** Where what is whole ends. */
  readonly end: number
}

/** An output that is open for appending. */
export interface OutputFile {
  readonly append: (line: string) => void
  /** Calls when the lines that are there are on the disk. */
  readonly flush: (onDone: (error: Error | null) => void) => void
  /** Writes everything to the disk. */
  readonly sync: () => void
  readonly close: () => void
}

/** How lines are in a file. */
export interface OutputForm {
  /**
   * Opens or creates the file, visits each row once, and cuts what a killed process left of
   * one. `check` runs before, and may throw.
   */
  readonly open: (path: string, visit: (head: LineHead) => void, check: (end: RowsEnd) => void) => OutputFile
  /** Visits each row once with its bytes, of a running job too. */
  readonly read: (path: string, visit: (head: LineHead, bytes: Buffer) => void) => RowsEnd
}

/** A line that was cut inside its response has a head, and counts as no row: its response would be lost. */
const isWhole = (bytes: Buffer, text: string): boolean => {
  if (isCompactJson(bytes)) return true
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The head of a line that is a whole row. */
export const wholeHead = (bytes: Buffer): LineHead | undefined => {
  // The syntax of JSON is in ASCII: decoding the letters of other languages would take most of the time.
  const text = bytes.toString("latin1")
  const head = readHead(text)
  return head !== undefined && isWhole(bytes, text) ? head : undefined
}

const mark = Buffer.from([0xef, 0xbb, 0xbf])

/** A line without the byte order mark of an editor. That of the first line is on another one when lines were sorted or joined. */
export const withoutMark = (bytes: Buffer): Buffer =>
  bytes[0] === mark[0] && bytes.subarray(0, mark.length).equals(mark) ? bytes.subarray(mark.length) : bytes

const spaces: ReadonlySet<number> = new Set([9, 13, 32])

export const isBlank = (bytes: Buffer): boolean => bytes.every((byte) => spaces.has(byte))

/** Takes the lines of a file, one after the other, and calls with the rows: blank lines are none. */
export const visitRows = (path: string, visit: (head: LineHead, bytes: Buffer) => void): ((bytes: Buffer) => void) => {
  let line = 0
  return (bytes) => {
    line += 1
    const row = withoutMark(bytes)
    if (isBlank(row)) return
    const head = wholeHead(row)
    if (head === undefined) throw new DamagedLine(path, line)
    visit(head, row)
  }
}

const startBytes = 256 * 1024
const newline = 10

/** Whether a file begins as the rows of a job, of which some may be damaged. */
export const startsAsOutput = (path: string): boolean => {
  const file = openSync(path, "r")
  try {
    const start = Buffer.alloc(startBytes)
    const bytes = withoutMark(start.subarray(0, readSync(file, start, 0, startBytes, 0)))
    if (bytes.includes(memberStart)) return true
    for (let from = 0; from < bytes.length;) {
      const end = bytes.indexOf(newline, from)
      const to = end === -1 ? bytes.length : end
      // Of a long line, only its head is there.
      if (readHead(bytes.subarray(from, to).toString("latin1")) !== undefined) return true
      from = to + 1
    }
    return false
  } finally {
    closeSync(file)
  }
}
