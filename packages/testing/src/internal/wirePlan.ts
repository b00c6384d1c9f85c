/** What a server writes for a reply, and when. */
import { type Chunking, applyChunking } from "../Chunking.ts"
import * as Duration from "effect/Duration"
import type { Headers, Timing } from "../Reply.ts"

/** A reply without its fault. The body of a reply that is not streamed counts as one event. */
export interface RenderedReply {
  readonly status: number
  readonly headers: Headers
  readonly events: ReadonlyArray<string>
  /** Whether the response has no `content-length`. */
  readonly isStream: boolean
  readonly timing?: Timing | undefined
  /** Generated tokens, where they are known: with a generation speed, they take time. */
  readonly outputTokens?: number | undefined
}

/** Times are in milliseconds. */
export interface Pace {
  /** Before the headers. */
  readonly latency: number
  /** Before each write of a stream. */
  readonly writeDelay: number
  readonly chunking: Chunking
  /** Generation speed. It applies to replies without a timing. */
  readonly tokensPerSecond?: number | undefined
}

/** A plan can be delivered any number of times. */
export interface WirePlan {
  /** Milliseconds before the headers. `reset` resets the connection and `stall` sends nothing. */
  readonly start: number | "reset" | "stall"
  /** The system's code for a reset at the start. Defaults to `ECONNRESET`. */
  readonly resetCode?: string
  readonly status: number
  readonly headers: Headers
  /** Milliseconds between the headers and the body. */
  readonly bodyDelay: number
  readonly writes: Iterable<Uint8Array>
  /** Milliseconds before each write. */
  readonly writeDelay: number
  /** Milliseconds before each write in place of `writeDelay`, as far as there are any. */
  readonly writeDelays?: ReadonlyArray<number> | undefined
  /** `close` closes the connection gracefully, even before the body is complete. */
  readonly ending: "end" | "reset" | "stall" | "close"
}

/** Milliseconds before the write of an index. */
export const delayBefore = ({ writeDelay, writeDelays }: WirePlan, index: number): number =>
  writeDelays?.[index] ?? writeDelay

/** Plans a reply without a fault. */
export const make = (rendered: RenderedReply, pace: Pace): WirePlan => {
  const { bodyDelay, firstWriteDelay, startDelay, writeDelay } = delaysOf(rendered, pace)
  const writes = applyChunking(pacedChunking(writeDelay, pace.chunking))(rendered.events)
  return {
    start: pace.latency + startDelay,
    status: rendered.status,
    headers: rendered.isStream ? rendered.headers : withContentLength(rendered.headers, byteLength(writes)),
    bodyDelay,
    writes,
    writeDelay,
    ...(firstWriteDelay === writeDelay ? {} : { writeDelays: [firstWriteDelay] }),
    ending: "end"
  }
}

const millis = (duration: Duration.Input | undefined): number =>
  duration === undefined ? 0 : Duration.toMillis(duration)

/** Milliseconds before the headers, between headers and body, before the first write, and before each later one. */
export const delaysOf = (
  { events, isStream, outputTokens = 0, timing }: RenderedReply,
  { tokensPerSecond, writeDelay: paceDelay = 0 }: Pick<Pace, "tokensPerSecond"> & { readonly writeDelay?: number }
): {
  readonly startDelay: number
  readonly bodyDelay: number
  readonly firstWriteDelay: number
  readonly writeDelay: number
} => {
  const speed = timing === undefined ? tokensPerSecond : timing.tokensPerSecond
  const generation = speed === undefined ? 0 : (1_000 * outputTokens) / speed
  const firstToken = millis(timing?.firstToken)
  if (!isStream) return { startDelay: firstToken + generation, bodyDelay: 0, firstWriteDelay: 0, writeDelay: 0 }
  const between = millis(timing?.between)
  // The time between two events is not one before the first.
  if (between > 0) return { startDelay: 0, bodyDelay: firstToken, firstWriteDelay: 0, writeDelay: between }
  const spread = events.length === 0 ? 0 : generation / events.length
  const writeDelay = spread > 0 ? spread : paceDelay
  return { startDelay: 0, bodyDelay: firstToken, firstWriteDelay: writeDelay, writeDelay }
}

/** The chunking of a stream with a delay between writes: single events, unless the chunking counts events. */
export const pacedChunking = (writeDelay: number, chunking: Chunking): Chunking =>
  writeDelay > 0 && (chunking === "whole" || "bytes" in chunking) ? { events: 1 } : chunking

export const withContentLength = (headers: Headers, size: number): Headers => ({
  ...headers,
  "content-length": `${size}`
})

const byteLength = (writes: ReadonlyArray<Uint8Array>): number => writes.reduce((size, part) => size + part.length, 0)
