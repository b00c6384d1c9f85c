/** The whole rows of an output, also those after damage that ends its reading. */
import { closeSync, existsSync, fstatSync, openSync } from "node:fs"
import { eachLine, pendingOf } from "./GzipOutput.ts"
import * as gzipMember from "./gzipMember.ts"
import { LineSet } from "./LineSet.ts"
import { isBlank, wholeHead, withoutMark } from "./OutputForm.ts"
import type { LineHead } from "./outputLine.ts"
import * as PlainOutput from "./PlainOutput.ts"

/** What is no whole row: lines, and members of a compressed output. */
interface Skipped {
  readonly places: number
  readonly bytes: number
}

const rowStart = Buffer.from('{"id":"')

interface Row {
  readonly head: LineHead
  readonly bytes: Buffer
}

const quote = 34
const backslash = 92
const open = 123
const close = 125

/** Where the object that starts at a position ends, by its braces. */
const objectEnd = (line: Buffer, start: number): number => {
  let depth = 0
  let isText = false
  for (let at = start; at < line.length; at++) {
    const byte = line[at]
    if (isText) {
      if (byte === backslash) at += 1
      else if (byte === quote) isText = false
    } else if (byte === quote) isText = true
    else if (byte === open) depth += 1
    else if (byte === close && --depth === 0) return at + 1
  }
  return line.length
}

/** The rows of a line, which has several, or something else around one, when a line end was lost. */
const rowsIn = (line: Buffer): ReadonlyArray<Row> => {
  const head = wholeHead(line)
  if (head !== undefined) return [{ head, bytes: line }]
  const rows: Array<Row> = []
  for (let at = line.indexOf(rowStart); at !== -1;) {
    const end = objectEnd(line, at)
    const bytes = line.subarray(at, end)
    const found = wholeHead(bytes)
    if (found !== undefined) rows.push({ head: found, bytes })
    at = line.indexOf(rowStart, found === undefined ? at + 1 : end)
  }
  return rows
}

const reading = (path: string, read: (file: number) => void): void => {
  if (!existsSync(path)) return
  const file = openSync(path, "r")
  try {
    read(file)
  } finally {
    closeSync(file)
  }
}

/** Whether the rows of an output can be read only when it is decompressed as a whole. */
export const isForeign = (output: string): boolean => {
  let isOther = false
  if (output.endsWith(".gz")) reading(output, (file) => (isOther = gzipMember.isForeign(file)))
  return isOther
}

/**
 * Calls with each row once. The bytes, which have no line end, are only valid during the
 * call. `lines` is a file with the lines of the output, if that is compressed as a whole.
 */
export const eachWholeRow = (output: string, lines: string | undefined, visit: (row: Row) => void): Skipped => {
  const seen = new LineSet()
  let places = 0
  let skipped = 0
  const skip = (bytes: number): void => {
    places += 1
    skipped += bytes
  }
  const visitLine = (line: Buffer): void => {
    const text = withoutMark(line)
    if (isBlank(text)) return
    const rows = rowsIn(text)
    const rest = rows.reduce((length, { bytes }) => length - bytes.length, text.length)
    if (rest > 0) skip(rest)
    for (const row of rows) if (seen.add(row.head.line)) visit(row)
  }
  const readLines = (file: number): void => {
    const end = PlainOutput.eachLine(file, visitLine)
    // A row, if only its line end is missing.
    const last = PlainOutput.restAfter(file, end)
    if (last.length > 0) visitLine(last)
  }
  const readMembers = (file: number): void =>
    gzipMember.eachWholeMember(file, fstatSync(file).size, (member) => eachLine(member, visitLine), skip)
  const isCompressed = output.endsWith(".gz")
  if (lines === undefined) reading(output, isCompressed ? readMembers : readLines)
  else reading(lines, readLines)
  if (isCompressed) reading(pendingOf(output), readLines)
  return { places, bytes: skipped }
}
