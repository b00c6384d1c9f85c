/** A digest of a whole file, which shows whether one that was written again has the same bytes. */
import { createHash } from "node:crypto"
import { closeSync, openSync, readSync } from "node:fs"

const chunkBytes = 1024 * 1024

/** Larger files are not read twice: reading one of this size takes about 50 milliseconds. */
const mostBytes = 64 * 1024 * 1024

/** `undefined` for a file that is too large. */
export const digestOf = (path: string, size: number): string | undefined => {
  if (size > mostBytes) return undefined
  const file = openSync(path, "r")
  try {
    const hash = createHash("sha256")
    const chunk = Buffer.alloc(chunkBytes)
    for (let count = readSync(file, chunk); count > 0; count = readSync(file, chunk)) {
      hash.update(chunk.subarray(0, count))
    }
    return hash.digest("hex")
  } finally {
    closeSync(file)
  }
}
