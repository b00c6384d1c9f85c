/** Applies a fault to the plan of a reply. */
import * as Duration from "effect/Duration"
import * as Match from "effect/Match"
import { applyChunking } from "../Chunking.ts"
import type { Fault } from "../Fault.ts"
import * as SseText from "../SseText.ts"
import * as PaddedBody from "./paddedBody.ts"
import * as WirePlan from "./wirePlan.ts"

/** Plans a reply with its fault. */
export const make = (
  rendered: WirePlan.RenderedReply,
  fault: Fault | undefined,
  pace: WirePlan.Pace
): WirePlan.WirePlan => {
  const plan = WirePlan.make(rendered, pace)
  return fault === undefined ? plan : applyFault(plan, fault, rendered, pace)
}

const applyFault = (
  plan: WirePlan.WirePlan,
  fault: Fault,
  rendered: WirePlan.RenderedReply,
  pace: WirePlan.Pace
): WirePlan.WirePlan => {
  const { events } = rendered
  const split = (events: ReadonlyArray<string>, writeDelay: number = plan.writeDelay): ReadonlyArray<Uint8Array> =>
    applyChunking(WirePlan.pacedChunking(writeDelay, pace.chunking))(events)
  const stream = (events: ReadonlyArray<string>, ending: WirePlan.WirePlan["ending"] = "end"): WirePlan.WirePlan => ({
    ...plan,
    headers: rendered.headers,
    writes: split(events),
    ending
  })
  const truncate = (afterBytes: number, ending: WirePlan.WirePlan["ending"]): WirePlan.WirePlan => ({
    ...plan,
    writes: takeBytes(plan.writes, afterBytes),
    ending
  })
  const replaceEvent = (index: number, replace: (text: string) => string): WirePlan.WirePlan =>
    stream(events.map((text, position) => (position === index ? replace(text) : text)))

  return Match.valueTags(fault, {
    ConnectFailure: ({ reason }) => ({ ...plan, start: "reset" as const, resetCode: connectCodes[reason] }),
    ResetBeforeHeaders: () => ({ ...plan, start: "reset" as const }),
    StallBeforeHeaders: () => ({ ...plan, start: "stall" as const }),
    SlowHeaders: ({ delay }) => ({ ...plan, start: Duration.toMillis(delay) }),
    ResetMidBody: ({ afterBytes }) => truncate(afterBytes, "reset"),
    StallMidBody: ({ afterBytes }) => truncate(afterBytes, "stall"),
    SlowBody: ({ delay }) => ({ ...plan, bodyDelay: Duration.toMillis(delay) }),
    TruncatedBody: ({ afterBytes }) => truncate(afterBytes, "close"),
    EmptyBody: () => ({
      ...plan,
      status: 200,
      headers: WirePlan.withContentLength(rendered.headers, 0),
      writes: []
    }),
    WrongContentType: () => withBody(plan, "text/html; charset=utf-8", signInPage),
    MalformedJson: () => withBody(plan, "application/json; charset=utf-8", unfinishedJson),
    HugeBody: ({ bytes, contentLength }) => {
      const body = PaddedBody.completion(bytes)
      const headers = { ...rendered.headers, "content-type": "application/json; charset=utf-8" }
      return {
        ...plan,
        status: 200,
        headers: contentLength ? WirePlan.withContentLength(headers, body.size) : headers,
        writes: body
      }
    },
    Redirect: ({ location, status }) => ({ ...plan, status, headers: { location, "content-length": "0" }, writes: [] }),
    ResetMidStream: ({ afterEvents }) => stream(events.slice(0, afterEvents), "reset"),
    StallMidStream: ({ afterEvents }) => stream(events.slice(0, afterEvents), "stall"),
    SlowEvents: ({ interval }) => {
      const writeDelay = Duration.toMillis(interval)
      return { ...stream(events), writes: split(events, writeDelay), writeDelay }
    },
    TruncatedStream: ({ afterEvents }) => stream(events.slice(0, afterEvents)),
    KeepAlive: ({ afterEvents, interval }) => ({
      ...stream([]),
      writes: concat(split(events.slice(0, afterEvents)), keepAlives),
      writeDelay: Duration.toMillis(interval)
    }),
    HugeEvent: ({ afterEvents, bytes }) => ({
      ...stream([]),
      writes: concat(split(events.slice(0, afterEvents)), PaddedBody.event(bytes), split(events.slice(afterEvents)))
    }),
    CorruptEvent: ({ afterEvents }) => replaceEvent(afterEvents, (text) => `${text.slice(0, text.length >> 1)}\n\n`),
    JoinedEvents: ({ afterEvents }) => replaceEvent(afterEvents, (text) => text.slice(0, joinOffset)),
    ErrorInStream: ({ afterEvents, error }) =>
      stream([...events.slice(0, afterEvents), SseText.event(JSON.stringify({ error }))])
  })
}

/** The codes of Node and undici. */
const connectCodes = {
  dns: "ENOTFOUND",
  refused: "ECONNREFUSED",
  tls: "CERT_HAS_EXPIRED",
  timeout: "UND_ERR_CONNECT_TIMEOUT"
} as const

/** Keeps `data: {"id":"chatcmpl-6a` of a recorded event. */
const joinOffset = 24

const signInPage =
  "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in to the network.</body></html>\n"

const unfinishedJson = '{"id":"chatcmpl-6a97653c31b3adf613a7661f","choices":[{'

const encoder = new TextEncoder()

const withBody = (plan: WirePlan.WirePlan, contentType: string, text: string): WirePlan.WirePlan => {
  const body = encoder.encode(text)
  return {
    ...plan,
    status: 200,
    headers: WirePlan.withContentLength({ "content-type": contentType }, body.length),
    writes: [body]
  }
}

const takeBytes = (writes: Iterable<Uint8Array>, bytes: number): ReadonlyArray<Uint8Array> => {
  const taken: Array<Uint8Array> = []
  let left = bytes
  for (const part of writes) {
    if (left <= 0) break
    taken.push(part.subarray(0, left))
    left -= part.length
  }
  return taken
}

const concat = (...parts: ReadonlyArray<Iterable<Uint8Array>>): Iterable<Uint8Array> => ({
  *[Symbol.iterator]() {
    for (const part of parts) yield* part
  }
})

const keepAlives: Iterable<Uint8Array> = {
  *[Symbol.iterator]() {
    const comment = encoder.encode(": keep-alive\n\n")
    while (true) yield comment
  }
}
