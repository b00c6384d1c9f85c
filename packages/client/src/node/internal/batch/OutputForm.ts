/**
 * The output file of a job, which is also its journal: a row is done when its
 * line is complete. Functions are synchronous: a line is an append of the file
 * system's memory, and is in the file before the next row is started.
 */
import { type LineHead, readHead } from "./outputLine.ts"

export class NotAnOutput extends Error {}

/** An output that is open for appending. */
export interface OutputFile {
  readonly append: (line: string) => void
  /** Writes everything to the disk. */
  readonly sync: () => void
  readonly close: () => void
}

/** How lines are in a file. */
export interface OutputForm {
  /** Opens or creates the file, visits its lines, and cuts what a killed process left of one. */
  readonly open: (path: string, visit: (head: LineHead) => void) => OutputFile
  /** Visits every complete line with its bytes, of a running job too. */
  readonly read: (path: string, visit: (head: LineHead, bytes: Buffer) => void) => void
  /** Replaces the file by one without the lines that are not kept, at once. */
  readonly keepLines: (path: string, isKept: (head: LineHead) => boolean) => void
}

const headBytes = 512

export const headOf = (bytes: Buffer): LineHead => {
  const head =
    readHead(bytes.toString("latin1", 0, headBytes)) ??
    // A long id.
    (bytes.length > headBytes ? readHead(bytes.toString("latin1")) : undefined)
  if (head === undefined) throw new NotAnOutput()
  return head
}
