/** The lines of a file, read as it is needed. Only lines that are wanted are decoded. */
import { createReadStream } from "node:fs"
import { pipeline } from "node:stream"
import { createGunzip } from "node:zlib"

/** Longer lines are not requests. */
const maxLineBytes = 64 * 1024 * 1024

const newline = 10

export interface InputLine {
  /** From 1. */
  readonly line: number
  /** Absent when the line is too long. */
  readonly text: string | undefined
}

const open = (path: string): AsyncIterable<Buffer> => {
  const bytes = createReadStream(path, { highWaterMark: 256 * 1024 })
  if (!path.endsWith(".gz")) return bytes
  // Closes the file too when the lines are not read to their end; errors reach the reader.
  return pipeline(bytes, createGunzip(), () => {})
}

/** A line in pieces, of which no more are kept than a line may have. */
class Pieces {
  #kept: Array<Buffer> = []
  #bytes = 0

  get isEmpty(): boolean {
    return this.#bytes === 0
  }

  add(piece: Buffer): void {
    this.#bytes += piece.length
    if (this.#bytes <= maxLineBytes) this.#kept.push(piece)
    else this.#kept = []
  }

  take(): string | undefined {
    const text = this.#bytes > maxLineBytes ? undefined : Buffer.concat(this.#kept).toString("utf8")
    this.#kept = []
    this.#bytes = 0
    return text
  }

  drop(): void {
    this.#kept = []
    this.#bytes = 0
  }
}

const withoutMark = (text: string | undefined, line: number): string | undefined =>
  line === 1 ? text?.replace(/^\uFEFF/, "") : text

/** Lines that are blank are counted and left out. */
export async function* inputLines(path: string, isWanted: (line: number) => boolean): AsyncGenerator<InputLine> {
  const pieces = new Pieces()
  let line = 1
  for await (const chunk of open(path)) {
    let from = 0
    for (let to = chunk.indexOf(newline); to !== -1; to = chunk.indexOf(newline, from)) {
      if (isWanted(line)) {
        pieces.add(chunk.subarray(from, to))
        const text = withoutMark(pieces.take(), line)
        if (text === undefined || text.trim() !== "") yield { line, text }
      } else pieces.drop()
      line += 1
      from = to + 1
    }
    if (from < chunk.length && isWanted(line)) pieces.add(chunk.subarray(from))
  }
  if (pieces.isEmpty) return
  const text = withoutMark(pieces.take(), line)
  if (text === undefined || text.trim() !== "") yield { line, text }
}
