/**
 * What exactly goes over the wire for a reply, and how: the reply with its
 * fault worked in.
 */
import * as Duration from "effect/Duration"
import { type Chunking, applyChunking } from "../Chunking.ts"
import type { Fault } from "../Fault.ts"
import type { Headers } from "../Reply.ts"
import * as SseText from "../SseText.ts"
import * as Padded from "./paddedBody.ts"

/** A reply without its fault: a plain body counts as one event. */
export interface RenderedReply {
  readonly status: number
  readonly headers: Headers
  readonly events: ReadonlyArray<string>
  /** Whether the length is left open, as on streams. */
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

/** All that is left to do is to carry it out, as often as needed. */
export interface WirePlan {
  /** Milliseconds before the headers, or that there will be none. */
  readonly start: number | "reset" | "stall"
  readonly status: number
  readonly headers: Headers
  /** Milliseconds between the headers and the body. */
  readonly bodyDelay: number
  readonly writes: Iterable<Buffer>
  /** Milliseconds before each write. */
  readonly writeDelay: number
  /** `close` closes the connection in good order, whatever was promised. */
  readonly ending: "end" | "reset" | "stall" | "close"
}

/** Works a fault into a reply. */
export const make = (rendered: RenderedReply, fault: Fault | undefined, pace: Pace): WirePlan => {
  const pause = rendered.isStream ? pace.writeDelay : 0
  const writes = applyChunking(chunkingFor(pause, pace.chunking))(rendered.events)
  const plan: WirePlan = {
    start: pace.latency,
    status: rendered.status,
    headers: rendered.isStream ? rendered.headers : withContentLength(rendered.headers, sizeOf(writes)),
    bodyDelay: 0,
    writes,
    writeDelay: pause,
    ending: "end"
  }
  return fault === undefined ? plan : applyFault(plan, fault, rendered, pace)
}

const applyFault = (plan: WirePlan, fault: Fault, rendered: RenderedReply, pace: Pace): WirePlan => {
  /** The plan with other events. */
  const stream = (events: ReadonlyArray<string>, ending: WirePlan["ending"] = "end"): WirePlan => ({
    ...plan,
    headers: rendered.headers,
    writes: applyChunking(chunkingFor(plan.writeDelay, pace.chunking))(events),
    ending
  })
  const { events } = rendered
  switch (fault._tag) {
    case "ResetBeforeHeaders":
      return { ...plan, start: "reset" }
    case "StallBeforeHeaders":
      return { ...plan, start: "stall" }
    case "SlowHeaders":
      return { ...plan, start: Duration.toMillis(fault.delay) }
    case "ResetMidBody":
      return { ...plan, writes: takeBytes(plan.writes, fault.afterBytes), ending: "reset" }
    case "StallMidBody":
      return { ...plan, writes: takeBytes(plan.writes, fault.afterBytes), ending: "stall" }
    case "SlowBody":
      return { ...plan, bodyDelay: Duration.toMillis(fault.delay) }
    case "TruncatedBody":
      return { ...plan, writes: takeBytes(plan.writes, fault.afterBytes), ending: "close" }
    case "EmptyBody":
      return { ...plan, status: 200, headers: withContentLength(rendered.headers, 0), writes: [] }
    case "WrongContentType":
      return withBody(plan, "text/html; charset=utf-8", signInPage)
    case "MalformedJson":
      return withBody(plan, "application/json; charset=utf-8", '{"id":"chatcmpl-6a97653c31b3adf613a7661f","choices":[{')
    case "HugeBody": {
      const body = Padded.completion(fault.bytes)
      const headers = { ...rendered.headers, "content-type": "application/json; charset=utf-8" }
      return {
        ...plan,
        status: 200,
        headers: fault.contentLength ? withContentLength(headers, body.size) : headers,
        writes: body
      }
    }
    case "Redirect":
      return { ...plan, status: fault.status, headers: { location: fault.location, "content-length": "0" }, writes: [] }
    case "ResetMidStream":
      return stream(events.slice(0, fault.afterEvents), "reset")
    case "StallMidStream":
      return stream(events.slice(0, fault.afterEvents), "stall")
    case "SlowEvents": {
      const pause = Duration.toMillis(fault.interval)
      return { ...stream(events), writes: applyChunking(chunkingFor(pause, pace.chunking))(events), writeDelay: pause }
    }
    case "TruncatedStream":
      return stream(events.slice(0, fault.afterEvents))
    case "KeepAlive": {
      const sent = stream(events.slice(0, fault.afterEvents))
      return { ...sent, writes: concat(sent.writes, keepAlives), writeDelay: Duration.toMillis(fault.interval) }
    }
    case "HugeEvent": {
      const before = stream(events.slice(0, fault.afterEvents)).writes
      const after = stream(events.slice(fault.afterEvents)).writes
      return { ...stream([]), writes: concat(before, Padded.event(fault.bytes), after) }
    }
    case "CorruptEvent":
      return stream(
        events.map((text, index) => (index === fault.afterEvents ? `${text.slice(0, text.length >> 1)}\n\n` : text))
      )
    case "JoinedEvents":
      return stream(events.map((text, index) => (index === fault.afterEvents ? text.slice(0, joinOffset) : text)))
    case "ErrorInStream":
      return stream([...events.slice(0, fault.afterEvents), SseText.event(JSON.stringify({ error: fault.error }))])
  }
}

/** Leaves `data: {"id":"chatcmpl-6a` of a recorded event. */
const joinOffset = 24

const signInPage =
  "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in to the network.</body></html>\n"

/** Paces single events unless the chunking counts events itself. */
const chunkingFor = (pause: number, chunking: Chunking): Chunking =>
  pause > 0 && (chunking === "whole" || "bytes" in chunking) ? { events: 1 } : chunking

const withContentLength = (headers: Headers, size: number): Headers => ({ ...headers, "content-length": `${size}` })

const withBody = (plan: WirePlan, contentType: string, body: string): WirePlan => ({
  ...plan,
  status: 200,
  headers: { "content-type": contentType, "content-length": `${Buffer.byteLength(body)}` },
  writes: [Buffer.from(body)]
})

const sizeOf = (writes: ReadonlyArray<Buffer>): number => writes.reduce((size, part) => size + part.length, 0)

const takeBytes = (writes: Iterable<Buffer>, bytes: number): ReadonlyArray<Buffer> => {
  const taken: Array<Buffer> = []
  let left = bytes
  for (const part of writes) {
    if (left <= 0) break
    taken.push(part.subarray(0, left))
    left -= part.length
  }
  return taken
}

const concat = (...parts: ReadonlyArray<Iterable<Buffer>>): Iterable<Buffer> => ({
  *[Symbol.iterator]() {
    for (const part of parts) yield* part
  }
})

const keepAlives: Iterable<Buffer> = {
  *[Symbol.iterator]() {
    const comment = Buffer.from(": keep-alive\n\n")
    while (true) yield comment
  }
}
