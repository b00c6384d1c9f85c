/** Lines and records of an input as text. */
import { isUtf8 } from "node:buffer"
import type { Reading } from "./inputSource.ts"

/** Longer lines are not requests. */
const maxLineBytes = 64 * 1024 * 1024

export interface InputLine {
  /** The line in the input on which it starts, from 1. */
  readonly line: number
  /** Absent when it cannot be read. */
  readonly text: string | undefined
  /** Why it cannot be read. */
  readonly reason?: string | undefined
}

/** The input as a whole cannot be read any further. */
export class UnreadableInput extends Error {}

/** A line in pieces, of which no more are kept than a line may have. */
class Pieces {
  #kept: Array<Buffer> = []
  #bytes = 0

  add(piece: Buffer): void {
    this.#bytes += piece.length
    if (this.#bytes <= maxLineBytes) this.#kept.push(piece)
    else this.#kept = []
  }

  take(line: number): InputLine {
    const isLong = this.#bytes > maxLineBytes
    const [only] = this.#kept
    const bytes = this.#kept.length === 1 && only !== undefined ? only : Buffer.concat(this.#kept)
    this.drop()
    if (isLong) return { line, text: undefined, reason: "The line is longer than 64 MiB" }
    // Replacement characters would be sent to the host, and paid.
    if (!isUtf8(bytes)) return { line, text: undefined, reason: "The line is not UTF-8" }
    return { line, text: bytes.toString("utf8") }
  }

  drop(): void {
    this.#kept = []
    this.#bytes = 0
  }
}

/** Collects what is wanted of an input, and counts all of it. */
export class Collector {
  readonly #pieces = new Pieces()
  readonly #isWanted: (line: number) => boolean
  readonly #isBlank: (text: string) => boolean
  readonly #reading: Reading
  /** Whether something has started that has not ended, wanted or not. */
  #hasBytes = false

  constructor(isWanted: (line: number) => boolean, isBlank: (text: string) => boolean, reading: Reading) {
    this.#isWanted = isWanted
    this.#isBlank = isBlank
    this.#reading = reading
  }

  /** A part of what starts on this line. */
  add(line: number, piece: Buffer): void {
    if (piece.length === 0) return
    this.#hasBytes = true
    if (this.#isWanted(line)) this.#pieces.add(piece)
  }

  /** What started on this line, and ends before a position. Undefined if it is blank or not wanted. */
  end(line: number, position: number): InputLine | undefined {
    this.#hasBytes = false
    this.#reading.position = position
    if (!this.#isWanted(line)) {
      this.#pieces.drop()
      this.#reading.rows += 1
      return undefined
    }
    const found = this.#pieces.take(line)
    if (found.text !== undefined && this.#isBlank(found.text)) return undefined
    this.#reading.rows += 1
    return found
  }

  /** The same at the end of the input, where no line end is needed. */
  finish(line: number, position: number): InputLine | undefined {
    this.#reading.isAtEnd = true
    this.#reading.position = position
    return this.#hasBytes ? this.end(line, position) : undefined
  }
}

/** The first chunk without a byte order mark. That of another encoding is an error. */
export const withoutMark = (chunk: Buffer): Buffer => {
  const [first, second, third] = chunk
  if (first === 0xef && second === 0xbb && third === 0xbf) return chunk.subarray(3)
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new UnreadableInput("it is encoded as UTF-16: save it as UTF-8")
  }
  return chunk
}
