/** The lines of an input, read as it is needed. Only lines that are wanted are decoded. */
import type { Reading } from "./inputSource.ts"
import { type InputLine, Pieces, withoutMark } from "./inputText.ts"

const newline = 10

const isBlank = ({ text }: InputLine): boolean => text !== undefined && text.trim() === ""

/** Where the reading starts. */
export interface From {
  readonly line: number
  readonly position: number
}

/** Lines that are blank are counted and left out. */
export async function* inputLines(
  bytes: AsyncIterable<Buffer>,
  isWanted: (line: number) => boolean,
  reading: Reading,
  from: From = { line: 1, position: 0 }
): AsyncGenerator<InputLine> {
  const pieces = new Pieces()
  let { line, position } = from
  for await (const read of bytes) {
    const chunk = position === 0 ? withoutMark(read) : read
    position += read.length - chunk.length
    let start = 0
    for (let to = chunk.indexOf(newline); to !== -1; to = chunk.indexOf(newline, start)) {
      reading.position = position + to + 1
      if (isWanted(line)) {
        pieces.add(chunk.subarray(start, to))
        const found = pieces.take(line)
        if (!isBlank(found)) {
          reading.rows += 1
          yield found
        }
      } else {
        pieces.drop()
        reading.rows += 1
      }
      line += 1
      start = to + 1
    }
    if (start < chunk.length && isWanted(line)) pieces.add(chunk.subarray(start))
    position += chunk.length
  }
  reading.position = position
  if (!pieces.isEmpty) {
    const found = pieces.take(line)
    if (!isBlank(found)) {
      reading.rows += 1
      yield found
    }
  }
  reading.isAtEnd = true
}
