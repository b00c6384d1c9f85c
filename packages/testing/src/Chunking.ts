/**
 * How the bytes of a stream are split over network writes.
 *
 * Each write is one chunk of the chunked transfer coding, one turn of the
 * event loop after the previous one, so a client can observe the splits. The
 * client's kernel decides how many of them one read returns.
 *
 * @since 0.1.0
 */

/**
 * - `"whole"`: everything in one write.
 * - `{ bytes: n }`: `n` bytes per write, splitting UTF-8 sequences where they fall.
 * - `{ events: n }`: `n` events per write.
 *
 * @category models
 * @since 0.1.0
 */
export type Chunking = "whole" | { readonly bytes: number } | { readonly events: number }

/**
 * Splits events, each the raw text of one event, into writes. A size below 1
 * counts as 1.
 *
 * @category combinators
 * @since 0.1.0
 */
export const applyChunking =
  (chunking: Chunking) =>
  (events: ReadonlyArray<string>): ReadonlyArray<Uint8Array> => {
    if (events.length === 0) return []
    if (chunking === "whole") return [encoder.encode(events.join(""))]
    if ("bytes" in chunking) return splitBytes(encoder.encode(events.join("")), Math.max(1, chunking.bytes))
    const size = Math.max(1, chunking.events)
    const writes: Array<Uint8Array> = []
    for (let from = 0; from < events.length; from += size) {
      writes.push(encoder.encode(events.slice(from, from + size).join("")))
    }
    return writes
  }

const encoder = new TextEncoder()

const splitBytes = (all: Uint8Array, size: number): ReadonlyArray<Uint8Array> => {
  const writes: Array<Uint8Array> = []
  for (let from = 0; from < all.length; from += size) writes.push(all.subarray(from, from + size))
  return writes
}
