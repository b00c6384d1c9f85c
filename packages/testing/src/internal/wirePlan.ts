/** What a server writes for a reply, and when. */
import { type Chunking, applyChunking } from "../Chunking.ts"
import type { Headers } from "../Reply.ts"

/** A reply without its fault. The body of a reply that is not streamed counts as one event. */
export interface RenderedReply {
  readonly status: number
  readonly headers: Headers
  readonly events: ReadonlyArray<string>
  /** Whether the response has no `content-length`. */
  readonly isStream: boolean
}

/** Times are in milliseconds. */
export interface Pace {
  /** Before the headers. */
  readonly latency: number
  /** Before each write of a stream. */
  readonly writeDelay: number
  readonly chunking: Chunking
}

/** A plan can be delivered any number of times. */
export interface WirePlan {
  /** Milliseconds before the headers. `reset` resets the connection and `stall` sends nothing. */
  readonly start: number | "reset" | "stall"
  readonly status: number
  readonly headers: Headers
  /** Milliseconds between the headers and the body. */
  readonly bodyDelay: number
  readonly writes: Iterable<Uint8Array>
  /** Milliseconds before each write. */
  readonly writeDelay: number
  /** `close` closes the connection gracefully, even before the body is complete. */
  readonly ending: "end" | "reset" | "stall" | "close"
}

/** Plans a reply without a fault. */
export const make = (rendered: RenderedReply, pace: Pace): WirePlan => {
  const writeDelay = rendered.isStream ? pace.writeDelay : 0
  const writes = applyChunking(pacedChunking(writeDelay, pace.chunking))(rendered.events)
  return {
    start: pace.latency,
    status: rendered.status,
    headers: rendered.isStream ? rendered.headers : withContentLength(rendered.headers, byteLength(writes)),
    bodyDelay: 0,
    writes,
    writeDelay,
    ending: "end"
  }
}

/** The chunking of a stream with a delay between writes: single events, unless the chunking counts events. */
export const pacedChunking = (writeDelay: number, chunking: Chunking): Chunking =>
  writeDelay > 0 && (chunking === "whole" || "bytes" in chunking) ? { events: 1 } : chunking

export const withContentLength = (headers: Headers, size: number): Headers => ({
  ...headers,
  "content-length": `${size}`
})

const byteLength = (writes: ReadonlyArray<Uint8Array>): number => writes.reduce((size, part) => size + part.length, 0)
