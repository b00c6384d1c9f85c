/** Lines of an input as a text in the records of a job: one bit for each line, compressed. */
import { deflateRawSync, inflateRawSync } from "node:zlib"

/** Of inputs with more than a hundred million lines, which the file of a batch cannot have. */
const maxBytes = 16 * 1024 * 1024

export type HasLine = (line: number) => boolean

export const encode = (lines: ReadonlyArray<number>): string => {
  const last = lines.reduce((max, line) => Math.max(max, line), 0)
  const bits = new Uint8Array((last >> 3) + 1)
  for (const line of lines) bits[line >> 3] = (bits[line >> 3] ?? 0) | (1 << (line & 7))
  return deflateRawSync(bits).toString("base64")
}

/** Undefined of a text that is damaged. */
export const decode = (text: string): HasLine | undefined => {
  try {
    const bits = inflateRawSync(Buffer.from(text, "base64"), { maxOutputLength: maxBytes })
    return (line) => ((bits[line >> 3] ?? 0) & (1 << (line & 7))) !== 0
  } catch {
    return undefined
  }
}
