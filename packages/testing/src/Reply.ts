/**
 * What a server answers to one request, as data, with or without a `Fault`.
 *
 * @since 0.1.0
 */
import { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import * as Schema from "effect/Schema"
import type { Chunking } from "./Chunking.ts"
import { type ErrorName, type ErrorResponse, errorResponses } from "./ErrorResponses.ts"
import type { Fault } from "./Fault.ts"
import type { Exchange } from "./Fixtures.ts"
import type { ReceivedRequest } from "./ReceivedRequest.ts"
import * as SseText from "./SseText.ts"

/**
 * Header values by lower-case name.
 *
 * @category models
 * @since 0.1.0
 */
export type Headers = { readonly [name: string]: string }

/**
 * - `Default`: what the server answers of its own accord.
 * - `Completion`: an answer that goes out whole or as a stream, as the request asks.
 * - `Json`, `Text`, `Sse`: exactly this, whatever the request asks.
 *
 * @category models
 * @since 0.1.0
 */
export type Reply = Default | Explicit

/**
 * A reply that says itself what is answered.
 *
 * @category models
 * @since 0.1.0
 */
export type Explicit = Completion | Json | Text | Sse

/**
 * A reply, or a function that makes one for each request.
 *
 * @category models
 * @since 0.1.0
 */
export type ReplySource = Reply | ((request: ReceivedRequest) => Reply)

/** What every reply may carry. */
interface FaultOptions {
  /** What goes wrong. Defaults to nothing. */
  readonly fault?: Fault | undefined
}

/**
 * What the server answers of its own accord.
 *
 * @category models
 * @since 0.1.0
 */
export interface Default extends FaultOptions {
  readonly _tag: "Default"
}

/**
 * A chat completion, sent whole or as a stream, as the request asks.
 *
 * @category models
 * @since 0.1.0
 */
export interface Completion extends FaultOptions {
  readonly _tag: "Completion"
  /** The plain answer as it goes over the wire. */
  readonly body: Schema.Json
  /** The same, read: the stream is written from it. */
  readonly completion: ChatCompletion
  readonly headers: Headers
  /** Defaults to the server's. */
  readonly chunking?: Chunking | undefined
}

/**
 * Any JSON with any status.
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
 * Any text with any status.
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
 * A stream, with status 200.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sse extends FaultOptions {
  readonly _tag: "Sse"
  readonly headers: Headers
  /** The raw text of each event, blank line included. */
  readonly events: ReadonlyArray<string>
  /** Defaults to the server's. */
  readonly chunking?: Chunking | undefined
}

/**
 * What constructors of replies take.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends FaultOptions {
  /** Status of `json` and `text`. Defaults to 200. */
  readonly status?: number | undefined
  /** Added to the reply's own headers, which they replace by name. */
  readonly headers?: Headers | undefined
  /** How a stream is cut. Defaults to the server's. */
  readonly chunking?: Chunking | undefined
}

/**
 * The headers that every recorded answer of Kimi carries, without the content type.
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
 * What the server would answer of its own accord, spoilt by a fault.
 *
 * @category constructors
 * @since 0.1.0
 */
export const faulty = (fault: Fault): Default => ({ _tag: "Default", fault })

/**
 * What the server answers of its own accord.
 *
 * @category constructors
 * @since 0.1.0
 */
export const defaultReply: Default = { _tag: "Default" }

/**
 * Any JSON.
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
 * Any text, as `text/plain` unless a header says otherwise.
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
 * A stream: raw text as it goes over the wire, or the data of each event (add
 * `"[DONE]"` as the last to end it as Kimi does). The status is always 200.
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
 * A chat completion by its wire body, sent whole or as a stream, as the request
 * asks. Throws when the body is no chat completion.
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
 * What the model says, in the words of the wire.
 *
 * @category models
 * @since 0.1.0
 */
export interface ChatResponseFields {
  /** Defaults to `""`. */
  readonly content?: string | undefined
  /** Defaults to none. */
  readonly reasoning_content?: string | undefined
  /** Calls by function name; `arguments` is JSON text. Ids are `<name>_<n>`, as Kimi makes them. Defaults to none. */
  readonly tool_calls?: ReadonlyArray<{ readonly name: string; readonly arguments: string }> | undefined
  /** Defaults to `tool_calls` where there are some, else `stop`. */
  readonly finish_reason?: string | undefined
  /** Defaults to `kimi-k3`. */
  readonly model?: string | undefined
  /** Tokens. Defaults to 88 of prompt, none of them cached, and 40 of completion, none of them reasoning. */
  readonly usage?:
    | {
        readonly prompt_tokens: number
        readonly completion_tokens: number
        readonly cached_tokens?: number
        readonly reasoning_tokens?: number
      }
    | undefined
}

/**
 * A chat completion by what the model says, sent whole or as a stream, as the
 * request asks.
 *
 * @category constructors
 * @since 0.1.0
 */
export const chatResponse = (says: ChatResponseFields, options?: Options): Completion => {
  const calls = says.tool_calls ?? []
  const usage = says.usage ?? { prompt_tokens: 88, completion_tokens: 40 }
  const cached = usage.cached_tokens ?? 0
  return completion(
    {
      id: "chatcmpl-6a97653c31b3adf613a7661f",
      object: "chat.completion",
      created: 1788306750,
      model: says.model ?? "kimi-k3",
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: says.content ?? "",
            ...(says.reasoning_content === undefined ? {} : { reasoning_content: says.reasoning_content }),
            ...(calls.length === 0
              ? {}
              : {
                  tool_calls: calls.map((call, index) => ({
                    function: { arguments: call.arguments, name: call.name },
                    id: `${call.name}_${index}`,
                    index,
                    type: "function"
                  }))
                })
          },
          finish_reason: says.finish_reason ?? (calls.length === 0 ? "stop" : "tool_calls")
        }
      ],
      usage: {
        prompt_tokens: usage.prompt_tokens,
        completion_tokens: usage.completion_tokens,
        total_tokens: usage.prompt_tokens + usage.completion_tokens,
        ...(cached > 0 ? { cached_tokens: cached, prompt_tokens_details: { cached_tokens: cached } } : {}),
        ...(usage.reasoning_tokens === undefined
          ? {}
          : { completion_tokens_details: { reasoning_tokens: usage.reasoning_tokens } })
      }
    },
    options
  )
}

/** Headers that speak of the recorded connection and not of the answer. */
const hopByHop = new Set(["connection", "content-length", "date", "keep-alive", "transfer-encoding"])

/**
 * A recorded answer with its recorded headers, save those that spoke of the
 * recorded connection.
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
 * An error answer in Kimi's form: `{"error":{"message","type"}}`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const error = (status: number, type: string | undefined, message: string, headers?: Headers): Json =>
  json({ error: { message, ...(type === undefined ? {} : { type }) } }, { status, headers })

/**
 * The same reply, spoilt by a fault.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withFault =
  (fault: Fault) =>
  <R extends Reply>(reply: R): R => ({ ...reply, fault })

const fromErrorResponse = (row: ErrorResponse): Json | Text =>
  row.body === undefined
    ? error(row.status, row.type, row.message ?? "", row.headers)
    : text(row.body, { status: row.status, headers: row.headers })

/**
 * Every known error answer of the Kimi API, and of the proxies in front of it,
 * by name. `errorNames` lists the names.
 *
 * @category constants
 * @since 0.1.0
 */
// Built from the entries of `rows`, so the keys are its keys.
export const errorTable = Object.fromEntries(
  Object.entries(errorResponses).map(([name, row]) => [name, fromErrorResponse(row)])
) as {
  readonly [Name in ErrorName]: Json | Text
}

/**
 * The names in `errorTable`.
 *
 * @category constants
 * @since 0.1.0
 */
// The keys of an object literal that nothing extends.
export const errorNames = Object.keys(errorResponses) as ReadonlyArray<ErrorName>
