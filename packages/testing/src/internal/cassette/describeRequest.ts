/** Describes a request as a cassette keeps it. */
import * as Effect from "effect/Effect"
import type * as HttpBody from "effect/http/HttpBody"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Body, RecordedRequest } from "../../cassette/Interaction.ts"
import * as Bodies from "./bodies.ts"
import { redactEvents } from "./redactEvents.ts"
import type { Redactor } from "./Redactor.ts"

/** A request that a client or a server has, in plain values. Header names are in lower case. */
export interface PlainRequest {
  readonly method: string
  readonly url: URL
  readonly headers: { readonly [name: string]: string }
  readonly body: Uint8Array
}

const loopback = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])$/

/** The port of a server on this machine is another one in each run. */
const originOf = ({ hostname, origin, protocol }: URL): string =>
  loopback.test(hostname) ? `${protocol}//${hostname}` : origin

const sortedQuery = ({ searchParams }: URL): string => {
  const sorted = new URLSearchParams(searchParams)
  sorted.sort()
  return sorted.toString()
}

const boundary = /\bboundary="?([^";,\s]+)"?/i
const fixedBoundary = "cassette-boundary"

/** Clients choose a new boundary for each form. */
const withFixedBoundary = ({ body, headers }: PlainRequest): Pick<PlainRequest, "body" | "headers"> => {
  const contentType = headers["content-type"] ?? ""
  const used = contentType.startsWith("multipart/") ? boundary.exec(contentType)?.[1] : undefined
  if (used === undefined) return { body, headers }
  // One character for each byte, so that files within the form stay the same.
  const text = Array.from(body, (byte) => String.fromCharCode(byte)).join("")
  const replaced = text.replaceAll(used, fixedBoundary)
  return {
    body: Uint8Array.from(replaced, (character) => character.charCodeAt(0)),
    headers: { ...headers, "content-type": contentType.replace(used, fixedBoundary) }
  }
}

/** The body without secrets. */
export const redactBody = (body: Body | undefined, redactor: Redactor): Body | undefined => {
  if (body === undefined || "base64" in body) return body
  if ("text" in body) return { text: redactor.text(body.text) }
  // Redaction replaces strings by strings.
  if ("json" in body) return { json: redactor.json(body.json) as typeof body.json }
  const events = body.events.map((event) =>
    "json" in event
      ? { ...event, json: redactor.json(event.json) as typeof event.json }
      : "data" in event
        ? { ...event, data: redactor.text(event.data) }
        : { ...event, raw: redactor.text(event.raw) }
  )
  return { events: redactEvents(events, redactor) }
}

/** The request without secrets, with `content-type` and the headers that are matched. */
export const describe = (
  request: PlainRequest,
  matchedHeaders: ReadonlyArray<string>,
  redactor: Redactor
): RecordedRequest => {
  redactor.learn(request.headers)
  const { body, headers } = withFixedBoundary(request)
  const kept = ["content-type", ...matchedHeaders].flatMap((name) => {
    const value = headers[name]
    return value === undefined ? [] : [[name, redactor.text(value)] as const]
  })
  const query = sortedQuery(request.url)
  const recordedBody = redactBody(Bodies.fromBytes(body, headers["content-type"]), redactor)
  return {
    method: request.method,
    origin: redactor.text(originOf(request.url)),
    path: redactor.text(request.url.pathname),
    ...(query === "" ? {} : { query: redactor.text(query) }),
    headers: Object.fromEntries(kept),
    ...(recordedBody === undefined ? {} : { body: recordedBody })
  }
}

type Request = HttpClientRequest.HttpClientRequest
type Failure = HttpClientError.HttpClientError

const encodeError =
  (request: Request) =>
  (cause: unknown): Failure =>
    new HttpClientError.HttpClientError({ reason: new HttpClientError.EncodeError({ request, cause }) })

/** The bytes of a body and its content type. A web `Response` encodes forms and the other body types of `fetch`. */
const readBody = (
  request: Request,
  body: HttpBody.HttpBody
): Effect.Effect<{ readonly bytes: Uint8Array; readonly contentType: string | undefined }, Failure> => {
  switch (body._tag) {
    case "Empty":
      return Effect.succeed({ bytes: new Uint8Array(), contentType: undefined })
    case "Uint8Array":
      return Effect.succeed({ bytes: body.body, contentType: body.contentType })
    case "Stream":
      return Stream.runCollect(body.stream).pipe(
        Effect.map((parts) => ({ bytes: Bodies.concat(parts), contentType: body.contentType })),
        Effect.mapError(encodeError(request))
      )
    default: {
      const content = body._tag === "FormData" ? body.formData : body.body
      return Effect.tryPromise({
        try: async () => {
          // A raw body is one that `fetch` accepts.
          const web = new Response(content as BodyInit)
          return {
            bytes: new Uint8Array(await web.arrayBuffer()),
            contentType: body.contentType ?? web.headers.get("content-type") ?? undefined
          }
        },
        catch: encodeError(request)
      })
    }
  }
}

/** Reads a request. Its body is read to the end, so the result has a request that can still be sent. */
export const readRequest = Effect.fnUntraced(function* (
  request: Request
): Effect.fn.Return<{ readonly plain: PlainRequest; readonly sent: Request }, Failure> {
  const url = HttpClientRequest.toUrl(request)
  if (Option.isNone(url)) {
    return yield* new HttpClientError.HttpClientError({
      reason: new HttpClientError.InvalidUrlError({ request, description: "The URL is invalid" })
    })
  }
  const { bytes, contentType } = yield* readBody(request, request.body)
  const headers = { ...request.headers, ...(contentType === undefined ? {} : { "content-type": contentType }) }
  const isConsumed = request.body._tag === "Stream" || request.body._tag === "Raw" || request.body._tag === "FormData"
  return {
    plain: { method: request.method, url: url.value, headers, body: bytes },
    sent: isConsumed ? HttpClientRequest.bodyUint8Array(request, bytes, contentType) : request
  }
})
