/**
 * The response of a server to one request, as data, with an optional `Fault`.
 *
 * @since 0.1.0
 */
import { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import * as Schema from "effect/Schema"
import type { Chunking } from "./Chunking.ts"
import type { Exchange } from "./Exchange.ts"
import type { Fault } from "./Fault.ts"
import * as ChatResponseBody from "./internal/chatResponseBody.ts"
import * as SseText from "./SseText.ts"

/**
 * Header values by lower-case name.
 *
 * @category models
 * @since 0.1.0
 */
export type Headers = { readonly [name: string]: string }

/**
 * - `Default`: the default response of the server.
 * - `Completion`: a chat completion, sent whole or as a stream depending on the request.
 * - `Json`, `Text`, `Sse`: exactly this response, regardless of the request.
 *
 * @category models
 * @since 0.1.0
 */
export type Reply = Default | Explicit

/**
 * A reply that specifies its response.
 *
 * @category models
 * @since 0.1.0
 */
export type Explicit = Completion | Json | Text | Sse

/** Members of every reply. */
interface FaultOptions {
  /** The fault that is injected. Defaults to none. */
  readonly fault?: Fault | undefined
}

/**
 * The default response of the server.
 *
 * @category models
 * @since 0.1.0
 */
export interface Default extends FaultOptions {
  readonly _tag: "Default"
}

/**
 * A chat completion, sent whole or as a stream depending on the request.
 *
 * @category models
 * @since 0.1.0
 */
export interface Completion extends FaultOptions {
  readonly _tag: "Completion"
  /** The body of the response that is not streamed. */
  readonly body: Schema.Json
  /** The same body, decoded. The events of the stream are made from it. */
  readonly completion: ChatCompletion
  readonly headers: Headers
  /** Defaults to the chunking of the server. */
  readonly chunking?: Chunking | undefined
}

/**
 * A JSON response.
 *
 * @category models
 * @since 0.1.0
 */
export interface Json extends FaultOptions {
  readonly _tag: "Json"
  readonly status: number
  readonly headers: Headers
  readonly body: Schema.Json
}

/**
 * A text response.
 *
 * @category models
 * @since 0.1.0
 */
export interface Text extends FaultOptions {
  readonly _tag: "Text"
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

/**
 * An event stream with status 200.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sse extends FaultOptions {
  readonly _tag: "Sse"
  readonly headers: Headers
  /** The raw text of each event, including its blank line. */
  readonly events: ReadonlyArray<string>
  /** Defaults to the chunking of the server. */
  readonly chunking?: Chunking | undefined
}

/**
 * Options of the constructors.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends FaultOptions {
  /** Status of `json` and `text`. Defaults to 200. */
  readonly status?: number | undefined
  /** Added to the headers of the reply, replacing those of the same name. */
  readonly headers?: Headers | undefined
  /** How a stream is split over network writes. Defaults to the chunking of the server. */
  readonly chunking?: Chunking | undefined
}

/**
 * The headers of every recorded response of Kimi, without the content type.
 *
 * @category constants
 * @since 0.1.0
 */
export const kimiHeaders: Headers = {
  "msh-request-id": "302f5bc2-a660-11f1-88e1-eaf9ba74c120",
  "msh-trace-mode": "on",
  vary: "Origin",
  "x-msh-trace-id": "f84c9c8d5e17b8f0d80143ba08b843cf",
  "strict-transport-security": "max-age=31536000; includeSubDomains",
  "cf-cache-status": "DYNAMIC",
  server: "cloudflare"
}

/**
 * The default response of the server with a fault.
 *
 * @category constructors
 * @since 0.1.0
 */
export const faulty = (fault: Fault): Default => ({ _tag: "Default", fault })

/**
 * The default response of the server.
 *
 * @category constructors
 * @since 0.1.0
 */
export const defaultReply: Default = { _tag: "Default" }

/**
 * A JSON response.
 *
 * @category constructors
 * @since 0.1.0
 */
export const json = (body: Schema.Json, options?: Options): Json => ({
  _tag: "Json",
  status: options?.status ?? 200,
  headers: { ...kimiHeaders, "content-type": "application/json; charset=utf-8", ...options?.headers },
  body,
  fault: options?.fault
})

/**
 * A text response, `text/plain` unless the headers set another content type.
 *
 * @category constructors
 * @since 0.1.0
 */
export const text = (body: string, options?: Options): Text => ({
  _tag: "Text",
  status: options?.status ?? 200,
  headers: { "content-type": "text/plain; charset=utf-8", ...options?.headers },
  body,
  fault: options?.fault
})

/**
 * An HTML page.
 *
 * @category constructors
 * @since 0.1.0
 */
export const html = (body: string, options?: Options): Text =>
  text(body, { ...options, headers: { "content-type": "text/html; charset=utf-8", ...options?.headers } })

/**
 * An event stream, given as the raw text of the body or as the data of each
 * event. Add `"[DONE]"` as the last event to end the stream as Kimi does. The
 * status is always 200.
 *
 * @category constructors
 * @since 0.1.0
 */
export const sse = (events: string | ReadonlyArray<string>, options?: Options): Sse => ({
  _tag: "Sse",
  headers: {
    ...kimiHeaders,
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    ...options?.headers
  },
  events: typeof events === "string" ? SseText.split(events) : events.map(SseText.event),
  chunking: options?.chunking,
  fault: options?.fault
})

/**
 * A chat completion from its wire body, sent whole or as a stream depending on
 * the request. Throws when the body is not a chat completion.
 *
 * @category constructors
 * @since 0.1.0
 */
export const completion = (body: Schema.Json, options?: Options): Completion => ({
  _tag: "Completion",
  body,
  completion: decodeCompletion(body),
  headers: { ...kimiHeaders, ...options?.headers },
  chunking: options?.chunking,
  fault: options?.fault
})

const decodeCompletion = Schema.decodeUnknownSync(ChatCompletion)

/**
 * A chat completion from what the model answers, sent whole or as a stream
 * depending on the request.
 *
 * @category constructors
 * @since 0.1.0
 */
export const chatResponse = (fields: ChatResponseFields, options?: Options): Completion =>
  completion(ChatResponseBody.make(fields), options)

/**
 * What the model answers, with the names of the wire.
 *
 * @category models
 * @since 0.1.0
 */
export type ChatResponseFields = ChatResponseBody.ChatResponseFields

/** Headers that describe the recorded connection, not the response. */
const hopByHop = new Set(["connection", "content-length", "date", "keep-alive", "transfer-encoding"])

/**
 * The response of a recorded exchange with its recorded headers, except those
 * that describe the recorded connection.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromExchange = (exchange: Exchange, options?: Pick<Options, "fault">): Json =>
  json(exchange.body, {
    status: exchange.status,
    headers: Object.fromEntries(Object.entries(exchange.headers).filter(([name]) => !hopByHop.has(name))),
    fault: options?.fault
  })

/**
 * Adds a fault to a reply.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withFault =
  (fault: Fault) =>
  <R extends Reply>(reply: R): R => ({ ...reply, fault })
