/**
 * How the bytes of a stream are cut over network writes.
 *
 * Each cut is one chunk of the chunked coding and one turn of the event loop
 * apart from the next, so a client sees the cuts; how many of them one read
 * returns is up to its kernel.
 *
 * @since 0.1.0
 */

/**
 * - `"whole"`: all in one write.
 * - `{ bytes: n }`: `n` bytes a write, cut anywhere, inside UTF-8 sequences too.
 * - `{ events: n }`: `n` events a write.
 *
 * @category models
 * @since 0.1.0
 */
export type Chunking = "whole" | { readonly bytes: number } | { readonly events: number }

/**
 * Cuts events, each the raw text of one event, into writes. A size below 1
 * counts as 1.
 *
 * @category combinators
 * @since 0.1.0
 */
export const applyChunking =
  (chunking: Chunking) =>
  (events: ReadonlyArray<string>): ReadonlyArray<Buffer> => {
    if (events.length === 0) return []
    if (chunking === "whole") return [Buffer.from(events.join(""))]
    if ("bytes" in chunking) return chunkBytes(Buffer.from(events.join("")), Math.max(1, chunking.bytes))
    const size = Math.max(1, chunking.events)
    const writes: Array<Buffer> = []
    for (let from = 0; from < events.length; from += size) {
      writes.push(Buffer.from(events.slice(from, from + size).join("")))
    }
    return writes
  }

const chunkBytes = (all: Buffer, size: number): ReadonlyArray<Buffer> => {
  const writes: Array<Buffer> = []
  for (let from = 0; from < all.length; from += size) writes.push(all.subarray(from, from + size))
  return writes
}
