/** The whole rows of an output, also those after damage that ends its reading. */
import { closeSync, existsSync, fstatSync, openSync } from "node:fs"
import { eachLine, pendingOf } from "./GzipOutput.ts"
import * as gzipMember from "./gzipMember.ts"
import { LineSet } from "./LineSet.ts"
import { isBlank, wholeHead } from "./OutputForm.ts"
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

/** The row of a line, or at the end of one that has something else before it: its line end was lost. */
const rowIn = (line: Buffer): Row | undefined => {
  for (let at = 0; at !== -1; at = line.indexOf(rowStart, at + 1)) {
    const bytes = line.subarray(at)
    const head = wholeHead(bytes)
    if (head !== undefined) return { head, bytes }
  }
  return undefined
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
    if (isBlank(line)) return
    const row = rowIn(line)
    if (row === undefined) skip(line.length)
    else {
      if (row.bytes.length < line.length) skip(line.length - row.bytes.length)
      if (seen.add(row.head.line)) visit(row)
    }
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
