/** Ranges of the rows of a file, which are read each from its place in the file. */
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import { csvRecords, Records } from "./csv.ts"
import { columnsOf, type Reader } from "./inputRows.ts"
import { type From, inputLines } from "./inputLines.ts"
import { csvRow, jsonRow, type Row } from "./inputRow.ts"
import { openFile, Reading } from "./inputSource.ts"
import type { InputLine } from "./inputText.ts"

/** Lines of a file. */
export interface Range extends From {
  /** The line after the last one. */
  readonly end: number
}

/** As the name of a resource. */
export const nameOf = ({ end, line, position }: Range): string => `rows/${line}-${end - 1}@${position}`

const pattern = /^rows\/(\d+)-(\d+)@(\d+)$/

export const rangeOf = (name: string): Range | undefined => {
  const [, line, last, position] = pattern.exec(name) ?? []
  return line === undefined ? undefined : { line: Number(line), end: Number(last) + 1, position: Number(position) }
}

/** What a row of the file is read with: the names of the columns of CSV are in its first record. */
export interface RangeReader {
  readonly path: string
  readonly reader: Reader
  readonly read: (line: InputLine) => Row
  /** Where the first row starts. */
  readonly first: From
}

/** Decompressing what is before each range would take longer than to decompress the file once. */
const refuseCompressed = (path: string): void => {
  const { isCompressed } = openFile(path)
  if (!isCompressed) return
  throw new InvalidRequestError({
    message: "The input of a shared job cannot be compressed, since each process reads ranges of it: decompress it",
    parameter: "input",
    fix: "Decompress the input, and run the job with that file."
  })
}

export const open = async (path: string, reader: Reader): Promise<RangeReader> => {
  refuseCompressed(path)
  const { prompts, separator } = reader
  const start = { line: 1, position: 0 }
  if (separator === undefined || prompts === undefined) return { path, reader, read: jsonRow(prompts), first: start }
  const reading = new Reading()
  for await (const record of csvRecords(openFile(path).bytes, () => true, reading, separator)) {
    const columns = columnsOf(record, separator, prompts)
    return {
      path,
      reader,
      read: csvRow(columns, separator, prompts),
      // A name may contain line ends.
      first: { line: record.line + (record.text?.split("\n").length ?? 1), position: reading.position }
    }
  }
  return { path, reader, read: jsonRow(undefined), first: start }
}

/** Where lines or records end. */
interface Ends {
  readonly line: number
  readonly endOf: (chunk: Buffer, from: number) => number
}

class Lines implements Ends {
  line: number

  constructor(line: number) {
    this.line = line
  }

  endOf(chunk: Buffer, from: number): number {
    const at = chunk.indexOf(10, from)
    if (at !== -1) this.line += 1
    return at
  }
}

/** All ranges of so many rows, of which the last one may have less. */
export async function* rangesOf(
  { first, path, reader: { separator } }: RangeReader,
  size: number
): AsyncGenerator<Range> {
  const ends: Ends = separator === undefined ? new Lines(first.line) : new Records(first.line, separator)
  let { line, position } = first
  let at = position
  let ended = position
  let count = 0
  for await (const chunk of openFile(path, position).bytes) {
    for (let to = ends.endOf(chunk, 0); to !== -1; to = ends.endOf(chunk, to + 1)) {
      ended = at + to + 1
      count += 1
      if (count < size) continue
      yield { line, position, end: ends.line }
      line = ends.line
      position = ended
      count = 0
    }
    at += chunk.length
  }
  // The last line may have no line end.
  if (at > position) yield { line, position, end: at > ended ? ends.line + 1 : ends.line }
}

/** The rows of a range. */
export async function* rowsOfRange(
  { path, read, reader: { separator } }: RangeReader,
  range: Range
): AsyncGenerator<ReadonlyArray<Row>> {
  // A line after the range is read to notice its end.
  const isWanted = (): boolean => true
  const { bytes } = openFile(path, range.position)
  const reading = new Reading()
  const lines =
    separator === undefined
      ? inputLines(bytes, isWanted, reading, range)
      : csvRecords(bytes, isWanted, reading, separator, range)
  for await (const line of lines) {
    if (line.line >= range.end) return
    // One at a time, since a row of a range is started when it is read.
    yield [read(line)]
    if (line.line === range.end - 1) return
  }
}
