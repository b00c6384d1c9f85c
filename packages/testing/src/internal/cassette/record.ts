/** Sends a request and records its response while the caller reads it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Stream from "effect/Stream"
import type { Body, RecordedRequest, RecordedResponse } from "../../cassette/Interaction.ts"
import { StreamedResponse } from "../StreamedResponse.ts"
import * as Bodies from "./bodies.ts"
import { redactBody } from "./describeRequest.ts"
import type { Recorder, Slot } from "./Recorder.ts"
import type { Redactor } from "./Redactor.ts"

type Failure = HttpClientError.HttpClientError

/** What recording needs. */
export interface RecordSettings {
  readonly client: HttpClient.HttpClient
  readonly recorder: Recorder
  readonly redactor: Redactor
  readonly isTimed: boolean
}

/** Headers that describe the connection, change with every response, or belong to the account of the recording. */
const omittedHeaders: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "proxy-authenticate",
  "set-cookie",
  "trailer",
  "transfer-encoding",
  "upgrade"
])

const headersOf = (headers: { readonly [name: string]: string }, redactor: Redactor): RecordedResponse["headers"] =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !omittedHeaders.has(name))
      .map(([name, value]) => [name, redactor.header(name, value)])
  )

const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))

/** A response that is being received. */
interface Receiving {
  readonly response: HttpClientResponse.HttpClientResponse
  /** Milliseconds from the request to the head. */
  readonly after: number
  /** When the head arrived. */
  readonly headAt: number
  readonly parts: Array<Bodies.TimedPart>
  /** Whether the whole body was received. */
  isComplete: boolean
}

/** Clients stop reading a stream at its end mark, before the end of the body. */
const hasEndMark = (body: Body | undefined): boolean => {
  const last = body !== undefined && "events" in body ? body.events.at(-1) : undefined
  return last !== undefined && "data" in last && last.data === "[DONE]"
}

/** What was received so far. */
const describeResponse = (
  { isTimed, redactor }: RecordSettings,
  { after, isComplete, parts, response }: Receiving
): RecordedResponse => {
  const { "content-encoding": encoding, ...headers } = headersOf(response.headers, redactor)
  const bytes = Bodies.concat(parts.map((part) => part.bytes))
  const body = Bodies.fromBytes(bytes, response.headers["content-type"])
  const redacted = redactBody(isTimed ? Bodies.withTiming(body, parts) : body, redactor)
  // Some clients decode a body and leave the header: text is not compressed.
  const isEncoded = encoding !== undefined && body !== undefined && "base64" in body
  return {
    status: response.status,
    ...(isTimed ? { after } : {}),
    headers: isEncoded ? { ...headers, "content-encoding": encoding } : headers,
    ...(redacted === undefined ? {} : { body: redacted }),
    ...(isComplete || hasEndMark(body) ? {} : { isIncomplete: true })
  }
}

const endMark = "[DONE]\n\n"

/** Whether the stream may have its end mark; the read that contains it is the last one. */
const mayEndWithMark = (bytes: Uint8Array): boolean =>
  new TextDecoder().decode(bytes.subarray(-endMark.length)) === endMark

/**
 * The body as the caller reads it. It is recorded at its end mark or its end, or
 * when the caller stops; some callers stop without waiting until that is done.
 */
const recordedBody = (
  { recorder }: RecordSettings,
  slot: Slot,
  receiving: Receiving
): Stream.Stream<Uint8Array, Failure> =>
  receiving.response.stream.pipe(
    Stream.tap((bytes) =>
      Effect.flatMap(monotonicMillis, (now) => {
        receiving.parts.push({ at: now - receiving.headAt, bytes })
        return mayEndWithMark(bytes) ? recorder.complete(slot) : Effect.void
      })
    ),
    Stream.onEnd(
      Effect.sync(() => {
        receiving.isComplete = true
      })
    ),
    Stream.onExit(() => recorder.complete(slot))
  )

/** Statuses whose responses have no body, which some clients report as an error of the body. */
const isBodiless = (method: string, status: number): boolean =>
  method === "HEAD" || [101, 204, 205, 304].includes(status)

/** A response that is not streamed is recorded before the caller gets it, because callers need not read its body. */
const recordWhole = Effect.fnUntraced(function* (settings: RecordSettings, slot: Slot, receiving: Receiving) {
  const { response } = receiving
  if (isBodiless(response.request.method, response.status)) {
    receiving.isComplete = true
    yield* settings.recorder.complete(slot)
    return response
  }
  const read = yield* Effect.exit(Stream.runDrain(recordedBody(settings, slot, receiving)))
  const received = Stream.fromIterable(receiving.parts.map(({ bytes }) => bytes))
  const body = Exit.isSuccess(read) ? received : Stream.concat(received, Stream.failCause(read.cause))
  return new StreamedResponse(response.request, response, () => body)
})

/** Sends a request and records its response. Failures before the head of the response are not recorded. */
export const record = Effect.fnUntraced(function* (
  settings: RecordSettings,
  sent: HttpClientRequest.HttpClientRequest,
  request: RecordedRequest
): Effect.fn.Return<HttpClientResponse.HttpClientResponse, Failure> {
  const slot = settings.recorder.open(request)
  const startedAt = yield* monotonicMillis
  // Text is readable in the cassette, and only text can be searched for secrets.
  const response = yield* settings.client.execute(HttpClientRequest.setHeader(sent, "accept-encoding", "identity"))
  const headAt = yield* monotonicMillis
  const receiving: Receiving = { response, after: headAt - startedAt, headAt, parts: [], isComplete: false }
  settings.recorder.receive(slot, () => describeResponse(settings, receiving))
  return response.headers["content-type"]?.includes("text/event-stream") === true
    ? new StreamedResponse(response.request, response, () => recordedBody(settings, slot, receiving))
    : yield* recordWhole(settings, slot, receiving)
})
