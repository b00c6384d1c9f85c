/** The lines of a stream of bytes, in the order and the pieces in which it arrives. */
import * as Stream from "effect/Stream"

/** Longer lines are no results of a chat. */
const maxLineBytes = 64 * 1024 * 1024

const newline = 10

/** A line, or that it was too long. */
export type ByteLine = string | undefined

class Splitter {
  #kept: Array<Uint8Array> = []
  #bytes = 0

  push(chunk: Uint8Array): ReadonlyArray<ByteLine> {
    const lines: Array<ByteLine> = []
    let from = 0
    for (let to = chunk.indexOf(newline); to !== -1; to = chunk.indexOf(newline, from)) {
      this.#add(chunk.subarray(from, to))
      lines.push(this.#take())
      from = to + 1
    }
    if (from < chunk.length) this.#add(chunk.subarray(from))
    return lines
  }

  end(): ReadonlyArray<ByteLine> {
    return this.#bytes === 0 ? [] : [this.#take()]
  }

  #add(piece: Uint8Array): void {
    this.#bytes += piece.length
    if (this.#bytes <= maxLineBytes) this.#kept.push(piece)
    else this.#kept = []
  }

  #take(): ByteLine {
    const decoder = new TextDecoder()
    const text =
      this.#bytes > maxLineBytes
        ? undefined
        : this.#kept.map((piece) => decoder.decode(piece, { stream: true })).join("") + decoder.decode()
    this.#kept = []
    this.#bytes = 0
    return text
  }
}

/** Blank lines are left out. */
export const byteLines = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<ByteLine, E, R> =>
  Stream.suspend(() => {
    const splitter = new Splitter()
    return Stream.concat(
      Stream.flatMap(bytes, (chunk) => Stream.fromArray(splitter.push(chunk))),
      Stream.suspend(() => Stream.fromArray(splitter.end()))
    )
  }).pipe(Stream.filter((line) => line === undefined || line.trim() !== ""))
