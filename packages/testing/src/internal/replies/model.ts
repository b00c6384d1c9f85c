/** The kinds of replies, and the constructors of those that specify their bytes. */
import { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import type * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type { Chunking } from "../../Chunking.ts"
import type { Fault } from "../../Fault.ts"
import * as SseText from "../../SseText.ts"

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

/**
 * When the parts of a completion or an event stream arrive, by the clock of the
 * provider that sends it. Everything arrives at once by default.
 *
 * @category models
 * @since 0.1.0
 */
export interface Timing {
  /** From the headers of a stream to its first event; added to the latency of a whole response. */
  readonly firstToken?: Duration.Input | undefined
  /** Between two events of a stream. Whole responses have none. */
  readonly between?: Duration.Input | undefined
  /** Generation speed: it spreads the events of a stream over the time of its tokens, and delays a whole response by it. */
  readonly tokensPerSecond?: number | undefined
}

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
  /** Whether the response names the model of the request in place of that of the body, as hosts do. Defaults to `false`. */
  readonly echoesModel?: boolean | undefined
  readonly headers: Headers
  /** Defaults to the chunking of the server. */
  readonly chunking?: Chunking | undefined
  /** Defaults to everything at once. */
  readonly timing?: Timing | undefined
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
  /** Whether the events name the model of the request in place of the given one, as hosts do. Defaults to `false`. */
  readonly echoesModel?: boolean | undefined
  /** Defaults to the chunking of the server. */
  readonly chunking?: Chunking | undefined
  /** Defaults to everything at once. */
  readonly timing?: Timing | undefined
}

/**
 * Options of the constructors.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends FaultOptions {
  /** Status of `json` and `body`. Defaults to 200. */
  readonly status?: number | undefined
  /** Added to the headers of the reply, replacing those of the same name. */
  readonly headers?: Headers | undefined
  /** How a stream is split over network writes. Defaults to the chunking of the server. */
  readonly chunking?: Chunking | undefined
  /** When the parts of a completion or a stream arrive. Defaults to everything at once. */
  readonly timing?: Timing | undefined
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
export const body = (body: string, options?: Options): Text => ({
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
export const html = (text: string, options?: Options): Text =>
  body(text, { ...options, headers: { "content-type": "text/html; charset=utf-8", ...options?.headers } })

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
  timing: options?.timing,
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
  timing: options?.timing,
  fault: options?.fault
})

const decodeCompletion = Schema.decodeUnknownSync(ChatCompletion)
