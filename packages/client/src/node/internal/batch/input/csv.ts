/**
 * CSV as RFC 4180 describes it: fields may be in quotes and then contain the
 * separator, line ends and doubled quotes. Lines end with LF or CRLF. A quote
 * inside a field that does not begin with one is a character as others.
 */
import type { From } from "./inputLines.ts"
import type { Reading } from "./inputSource.ts"
import { Collector, type InputLine, UnreadableInput, withoutMark } from "./inputText.ts"

const newline = 10
const carriageReturn = 13
const quote = 34

/** Where in a record a byte is. */
const State = { start: 0, plain: 1, quoted: 2, closed: 3 } as const
type State = (typeof State)[keyof typeof State]

const next = (state: State, byte: number, separator: number): State => {
  if (state === State.quoted) return byte === quote ? State.closed : State.quoted
  if (byte === separator) return State.start
  if (byte === quote) return state === State.plain ? State.plain : State.quoted
  return state === State.closed && byte === carriageReturn ? State.closed : State.plain
}

const isBlank = (text: string): boolean => text === "" || text === "\r"

/** Finds where records end. */
export class Records {
  /** The line of the next byte. */
  line: number
  #state: State = State.start
  readonly #separator: number

  constructor(line: number, separator: string) {
    this.line = line
    this.#separator = separator.charCodeAt(0)
  }

  get isInQuotes(): boolean {
    return this.#state === State.quoted
  }

  /** Where the record ends that contains the byte at a place of the chunk, or -1 if it continues in the next one. */
  endOf(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0
      if (byte === newline) {
        this.line += 1
        if (this.#state !== State.quoted) {
          this.#state = State.start
          return at
        }
      } else this.#state = next(this.#state, byte, this.#separator)
    }
    return -1
  }
}

/** The records of an input with the lines on which they start. Those that are blank are left out. */
export async function* csvRecords(
  bytes: AsyncIterable<Buffer>,
  isWanted: (line: number) => boolean,
  reading: Reading,
  separator: string,
  from: From = { line: 1, position: 0 }
): AsyncGenerator<InputLine> {
  const collector = new Collector(isWanted, isBlank, reading)
  const records = new Records(from.line, separator)
  let { line, position } = from
  for await (const read of bytes) {
    const chunk = position === 0 ? withoutMark(read) : read
    position += read.length - chunk.length
    let start = 0
    for (let to = records.endOf(chunk, 0); to !== -1; to = records.endOf(chunk, start)) {
      collector.add(line, chunk.subarray(start, to))
      const found = collector.end(line, position + to + 1)
      if (found !== undefined) yield found
      line = records.line
      start = to + 1
    }
    collector.add(line, chunk.subarray(start))
    position += chunk.length
  }
  // The rest of the input is inside of the quotes: no row of it may be left out in silence.
  if (records.isInQuotes) throw new UnreadableInput(`a quote in the row of line ${line} is not closed`)
  const last = collector.finish(line, position)
  if (last !== undefined) yield last
}

/** The fields of a record, undefined when there is text after a closing quote. */
export const fieldsOf = (record: string, separator: string): ReadonlyArray<string> | undefined => {
  const text = record.endsWith("\r") ? record.slice(0, -1) : record
  const fields: Array<string> = []
  for (let at = 0; ;) {
    if (text[at] !== '"') {
      const end = text.indexOf(separator, at)
      fields.push(end === -1 ? text.slice(at) : text.slice(at, end))
      if (end === -1) return fields
      at = end + 1
      continue
    }
    let end = text.indexOf('"', at + 1)
    while (end !== -1 && text[end + 1] === '"') end = text.indexOf('"', end + 2)
    if (end === -1) return undefined
    fields.push(text.slice(at + 1, end).replaceAll('""', '"'))
    if (end + 1 === text.length) return fields
    if (text[end + 1] !== separator) return undefined
    at = end + 2
  }
}
