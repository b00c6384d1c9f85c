/** The lines of an input, read as it is needed. Only lines that are wanted are decoded. */
import type { Reading } from "./inputSource.ts"
import { Collector, type InputLine, withoutMark } from "./inputText.ts"

const newline = 10

/** Where the reading starts. */
export interface From {
  readonly line: number
  readonly position: number
}

/**
 * The lines that end in one read of the input, since each step of an asynchronous
 * generator waits for a turn. Lines that are blank are counted and left out.
 */
export async function* lineGroups(
  bytes: AsyncIterable<Buffer>,
  isWanted: (line: number) => boolean,
  reading: Reading,
  from: From = { line: 1, position: 0 }
): AsyncGenerator<ReadonlyArray<InputLine>> {
  const collector = new Collector(isWanted, (text) => text.trim() === "", reading)
  let { line, position } = from
  for await (const read of bytes) {
    const chunk = position === 0 ? withoutMark(read) : read
    position += read.length - chunk.length
    let start = 0
    const lines: Array<InputLine> = []
    for (let to = chunk.indexOf(newline); to !== -1; to = chunk.indexOf(newline, start)) {
      collector.add(line, chunk.subarray(start, to))
      const found = collector.end(line, position + to + 1)
      if (found !== undefined) lines.push(found)
      line += 1
      start = to + 1
    }
    collector.add(line, chunk.subarray(start))
    position += chunk.length
    if (lines.length > 0) yield lines
  }
  const last = collector.finish(line, position)
  if (last !== undefined) yield [last]
}

export async function* inputLines(...input: Parameters<typeof lineGroups>): AsyncGenerator<InputLine> {
  for await (const lines of lineGroups(...input)) yield* lines
}
