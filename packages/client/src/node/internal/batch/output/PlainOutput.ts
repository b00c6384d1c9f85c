/** An output of lines as they are. */
import { closeSync, fstatSync, fsyncSync, openSync, readSync } from "node:fs"
import { Appender, writeAll } from "./Appender.ts"
import { LineSet } from "./LineSet.ts"
import { isBlank, type OutputForm, type RowsEnd, visitRows, wholeHead, withoutMark } from "./OutputForm.ts"
import type { LineHead } from "./outputLine.ts"

const chunkBytes = 256 * 1024
const newline = 10

/**
 * Calls with every complete line, and returns where they end. The bytes are only
 * valid during the call: one buffer serves for the whole file, which grows for a
 * line that is longer.
 */
export const eachLine = (file: number, visit: (bytes: Buffer) => void): number => {
  let buffer = Buffer.allocUnsafe(chunkBytes)
  let kept = 0
  let end = 0
  for (;;) {
    if (kept === buffer.length) {
      const grown = Buffer.allocUnsafe(buffer.length * 2)
      buffer.copy(grown, 0, 0, kept)
      buffer = grown
    }
    const read = readSync(file, buffer, kept, buffer.length - kept, end + kept)
    if (read === 0) return end
    const filled = kept + read
    let from = 0
    for (let to = buffer.indexOf(newline, kept); to !== -1 && to < filled; to = buffer.indexOf(newline, from)) {
      visit(buffer.subarray(from, to))
      from = to + 1
    }
    end += from
    kept = filled - from
    buffer.copy(buffer, 0, from, filled)
  }
}

/** What follows the last line end. */
export const restAfter = (file: number, end: number): Buffer => {
  // A job that runs empties the file of its lines that are not compressed yet.
  const bytes = Buffer.allocUnsafe(Math.max(0, fstatSync(file).size - end))
  return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, end))
}

/**
 * Calls with every row once, and returns where they end. A file that was edited by hand
 * may have rows twice, or lack its last line end.
 */
const eachRow = (file: number, path: string, visit: (head: LineHead, bytes: Buffer) => void): number => {
  const seen = new LineSet()
  const visitOnce = (head: LineHead, bytes: Buffer): void => {
    if (seen.add(head.line)) visit(head, bytes)
  }
  const end = eachLine(file, visitRows(path, visitOnce))
  const rest = restAfter(file, end)
  const row = withoutMark(rest)
  if (isBlank(row)) return end + rest.length
  const last = wholeHead(row)
  if (last === undefined) return end
  visitOnce(last, row)
  return end + rest.length
}

const read: OutputForm["read"] = (path, visit) => {
  const file = openSync(path, "r")
  try {
    const end = eachRow(file, path, visit)
    return { canLose: fstatSync(file).size === end, end }
  } finally {
    closeSync(file)
  }
}

/** A file that is open, and what of it is whole. */
export interface Opened {
  readonly file: number
  readonly end: number
  readonly isTorn: boolean
}

/**
 * Opens or creates a file, and reads it to the end of what is whole. It is on the disk
 * then: what a killed process has written may not be, and is recorded next.
 */
export const openWhole = (path: string, readAll: (file: number) => number): Opened => {
  const file = openSync(path, "a+", 0o600)
  try {
    const end = readAll(file)
    fsyncSync(file)
    return { file, end, isTorn: fstatSync(file).size > end }
  } catch (error) {
    closeSync(file)
    throw error
  }
}

/** Adds the line end of the last row, if it is missing. */
const withLineEnd = (file: number, end: number): number => {
  const last = Buffer.alloc(1)
  if (end === 0 || (readSync(file, last, 0, 1, end - 1) === 1 && last[0] === newline)) return end
  last[0] = newline
  writeAll(file, last)
  return end + 1
}

/** Opens a file of lines, and visits those that are whole. */
export const openLines = (path: string, visit: (head: LineHead) => void): Opened =>
  openWhole(path, (file) => withLineEnd(file, eachRow(file, path, visit)))

const appenderOf = (path: string, { end, file, isTorn }: Opened, check: (end: RowsEnd) => void): Appender => {
  try {
    check({ canLose: !isTorn, end })
    return new Appender(path, file, end)
  } catch (error) {
    closeSync(file)
    throw error
  }
}

const open: OutputForm["open"] = (path, visit, check) => {
  const lines = appenderOf(path, openLines(path, visit), check)
  return {
    append: (line) => lines.append(Buffer.from(line)),
    flush: (onDone) => lines.flush(onDone),
    sync: () => lines.sync(),
    close: () => lines.close()
  }
}

export const form: OutputForm = { open, read }
