/**
 * The order of the rows of an output. Answered rows that wait for an earlier one are
 * written before it when a job is interrupted: they are paid.
 */
import { formOf } from "./forms.ts"
import { LineSet } from "./LineSet.ts"
import { NewFile } from "./NewFile.ts"

/** Rows that are before an earlier one are held in memory while the others are written. There are mostly as many as were in flight. */
const maxBytes = 64 * 1024 * 1024

/** The rows that are before an earlier one. */
const earlyRows = (lines: ReadonlyArray<number>): LineSet => {
  const early = new LineSet()
  let least = Number.POSITIVE_INFINITY
  for (const line of lines.toReversed()) {
    if (line > least) early.add(line)
    else least = line
  }
  return early
}

/** With their line ends, by their numbers. Undefined if they are too many. */
const textsOf = (output: string, rows: LineSet): ReadonlyMap<number, Buffer> | undefined => {
  const texts = new Map<number, Buffer>()
  let bytes = 0
  formOf(output).read(output, ({ line }, row) => {
    if (!rows.has(line)) return
    bytes += row.length
    if (bytes > maxBytes) texts.clear()
    else texts.set(line, Buffer.concat([row, Buffer.from("\n")]))
  })
  return bytes > maxBytes ? undefined : texts
}

export class RowOrder {
  #isKept = true
  #last = 0

  /** To be called for each row of the output, one after the other. */
  add(line: number): void {
    if (line < this.#last) this.#isKept = false
    this.#last = line
  }

  /** Replaces the output by one in the order of the input, at once. One with too many rows at other places is left as it is. */
  restore(output: string): void {
    if (this.#isKept) return
    const lines: Array<number> = []
    const form = formOf(output)
    form.read(output, ({ line }) => void lines.push(line))
    const early = earlyRows(lines)
    const texts = textsOf(output, early)
    if (texts === undefined) return
    const waiting = early.lines.values()
    let next = waiting.next()
    const file = new NewFile(output)
    const writeBefore = (line: number): void => {
      for (; next.done !== true && next.value < line; next = waiting.next()) {
        const text = texts.get(next.value)
        if (text !== undefined) file.append(text)
      }
    }
    try {
      form.read(output, ({ line }, row) => {
        if (early.has(line)) return
        writeBefore(line)
        file.append(Buffer.concat([row, Buffer.from("\n")]))
      })
      writeBefore(Number.POSITIVE_INFINITY)
      file.commit()
    } finally {
      file.close()
    }
  }
}
