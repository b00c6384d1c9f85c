/** Converts between the bytes of a body and its readable form in a cassette. */
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import type { Body, Event } from "../../cassette/Interaction.ts"
import * as SseText from "../../SseText.ts"
import * as BoundedJson from "./boundedJson.ts"

const encoder = new TextEncoder()

/** The text of UTF-8, or `undefined` for other bytes. A byte order mark is kept. */
const decodeUtf8 = (bytes: Uint8Array): string | undefined =>
  Result.getOrUndefined(Result.try(() => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)))

/** The value of JSON text, when the text can be made from it again. */
const exactJson = (text: string): JsonBody | undefined => {
  const parsed = BoundedJson.parseExact(text)
  // What was parsed is JSON.
  return parsed === undefined ? undefined : { json: parsed.value as JsonBody["json"] }
}

type JsonBody = Extract<Body, { readonly json: unknown }>

/** Appends the parts of a body. */
export const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

const eventOf = (raw: string): Event => {
  const data = /^data: ([^\r\n]*)\n\n$/.exec(raw)?.[1]
  return data === undefined ? { raw } : (exactJson(data) ?? { data })
}

const isEventStream = (contentType: string | undefined): boolean => /^\s*text\/event-stream\b/i.test(contentType ?? "")

/** The readable form of a body, or `undefined` for an empty one. */
export const fromBytes = (bytes: Uint8Array, contentType: string | undefined): Body | undefined => {
  if (bytes.length === 0) return undefined
  const text = decodeUtf8(bytes)
  if (text === undefined) return { base64: Base64.encode(bytes) }
  if (isEventStream(contentType)) return { events: SseText.split(text).map(eventOf) }
  return exactJson(text) ?? { text }
}

/** The raw text of an event. */
export const eventText = (event: Event): string =>
  "raw" in event ? event.raw : SseText.event("json" in event ? JSON.stringify(event.json) : event.data)

/** The bytes of a body in parts, one part for each event of a stream. */
export const toParts = (body: Body | undefined): ReadonlyArray<Uint8Array> => {
  if (body === undefined) return []
  if ("events" in body) return body.events.map((event) => encoder.encode(eventText(event)))
  if ("base64" in body) return [Result.getOrElse(Base64.decode(body.base64), () => new Uint8Array())]
  return [encoder.encode("json" in body ? JSON.stringify(body.json) : body.text)]
}

/** Part of a body with the time at which it arrived. */
export interface TimedPart {
  /** Milliseconds since the head of the response. */
  readonly at: number
  readonly bytes: Uint8Array
}

/** Adds to each event the time at which its last byte arrived. Other bodies have no timing. */
export const withTiming = (body: Body | undefined, parts: ReadonlyArray<TimedPart>): Body | undefined => {
  if (body === undefined || !("events" in body)) return body
  let part = 0
  let received = parts[0]?.bytes.length ?? 0
  let end = 0
  let previous = 0
  return {
    events: body.events.map((event) => {
      end += encoder.encode(eventText(event)).length
      while (received < end && part < parts.length - 1) received += parts[++part]?.bytes.length ?? 0
      const at = parts[part]?.at ?? previous
      const after = at - previous
      previous = at
      return { ...event, after }
    })
  }
}
