/**
 * The response of a host to one request, as data, with an optional `Fault`.
 *
 * **Example** (A conversation that a provider is scripted with)
 *
 * ```ts
 * const script = [
 *   Reply.toolCalls([{ name: "get_weather", arguments: { city: "Oslo" } }]),
 *   Reply.rateLimited({ retryAfter: "2 seconds" }),
 *   Reply.text("It is snowing.", { reasoning: "Winter.", timing: { tokensPerSecond: 60 } })
 * ]
 * ```
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { Exchange } from "./Exchange.ts"
import type { Fault } from "./Fault.ts"
import type * as ChatResponseBody from "./internal/chatResponseBody.ts"
import { generated } from "./internal/replies/generated.ts"
import { type Completion, type Json, json, type Options, type Reply } from "./internal/replies/model.ts"

export {
  body,
  type Completion,
  completion,
  type Default,
  defaultReply,
  type Explicit,
  faulty,
  type Headers,
  html,
  type Json,
  json,
  kimiHeaders,
  type Options,
  type Reply,
  type Sse,
  sse,
  type Text,
  type Timing
} from "./internal/replies/model.ts"
export {
  cancelled,
  connectionLost,
  connectionRefused,
  connectTimeout,
  contentFiltered,
  contextTooLong,
  dailyLimitReached,
  dnsFailure,
  emptyMessageRejected,
  emptyResponse,
  eventTooLarge,
  gatewayRefused,
  gatewayTimeout,
  invalidRequest,
  invalidResponse,
  ipNotAllowed,
  malformedOutput,
  modelNotFound,
  never,
  overloaded,
  permissionDenied,
  quotaExceeded,
  rateLimited,
  reasoningExhausted,
  reasoningMissing,
  redirected,
  requestTooLarge,
  responseTooLarge,
  serverError,
  streamCorrupted,
  streamFailed,
  streamInterrupted,
  streamStalled,
  streamTruncated,
  tlsFailure,
  toolArgumentsTooLarge,
  toolHistoryRejected,
  toolSchemaRejected,
  unauthorized,
  unavailable,
  unsupportedMedia,
  unsupportedParameter
} from "./internal/replies/errors.ts"

/**
 * A chat completion from what the model answers, sent whole or as a stream
 * depending on the request.
 *
 * @category constructors
 * @since 0.1.0
 */
export const chatResponse = (fields: ChatResponseFields, options?: Options): Completion => generated(fields, options)

/**
 * What the model answers, with the names of the wire.
 *
 * @category models
 * @since 0.1.0
 */
export type ChatResponseFields = ChatResponseBody.ChatResponseFields

/**
 * Options of the builders of completions: `Options`, and what the model answers
 * in addition to.
 *
 * @category options
 * @since 0.1.0
 */
export interface CompletionOptions extends Omit<Options, "status"> {
  /** The reasoning before the answer. Defaults to none. */
  readonly reasoning?: string | undefined
  /** Defaults to `tool_calls` when there are tool calls, otherwise to `stop`. */
  readonly finishReason?: string | undefined
  /** Defaults to the requested one. */
  readonly model?: string | undefined
  /** Tokens. Defaults to 88 prompt tokens, none of them cached, and 40 completion tokens. */
  readonly usage?: ChatResponseFields["usage"]
}

const build = (fields: ChatResponseFields, options: CompletionOptions = {}): Completion => {
  const { finishReason, model, reasoning, usage, ...rest } = options
  return chatResponse({ reasoning_content: reasoning, finish_reason: finishReason, model, usage, ...fields }, rest)
}

/**
 * The model answers with a text.
 *
 * @category completions
 * @since 0.1.0
 */
export const text = (content: string, options?: CompletionOptions): Completion => build({ content }, options)

/**
 * The model thinks, and then answers with a text, which defaults to none; a
 * response without a text is an `EmptyResponseError` unless it calls tools.
 *
 * @category completions
 * @since 0.1.0
 */
export const reasoning = (thoughts: string, content = "", options?: CompletionOptions): Completion =>
  build({ reasoning_content: thoughts, content }, options)

/**
 * A call of a tool, with its arguments as a value or as the text of a model that
 * may be no valid JSON.
 *
 * @category models
 * @since 0.1.0
 */
export interface Call {
  readonly name: string
  readonly arguments?: Schema.Json | undefined
}

/**
 * The model calls tools. Arguments that are a string are sent as they are; other
 * values are encoded as JSON, and default to `{}`.
 *
 * @category completions
 * @since 0.1.0
 */
export const toolCalls = (
  calls: ReadonlyArray<Call>,
  options?: CompletionOptions & {
    /** The text before the calls. Defaults to none. */
    readonly content?: string | undefined
  }
): Completion => {
  const { content, ...rest } = options ?? {}
  const tool_calls = calls.map(({ arguments: given = {}, name }) => ({
    name,
    arguments: typeof given === "string" ? given : JSON.stringify(given)
  }))
  return build({ content, tool_calls }, rest)
}

/**
 * The model answers with a value as the JSON that the schema encodes. Throws
 * when the value does not fit the schema.
 *
 * @category completions
 * @since 0.1.0
 */
export const object = <S extends Schema.Codec<unknown, unknown>>(
  schema: S,
  value: S["Type"],
  options?: CompletionOptions
): Completion => text(JSON.stringify(Schema.encodeSync(Schema.toCodecJson(schema))(value)), options)

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
