/** Maps failures of HTTP and of streams to errors of the library. No other module does. */
import { StreamFailedError } from "@kimi-effect/core/StreamErrors"
import { isQuote } from "@kimi-effect/core/internal/HostWords"
import { ErrorBody, type ErrorObject } from "@kimi-effect/core/internal/ErrorBody"
import type { Message } from "@kimi-effect/core/Message"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { CommonErrorMembers } from "./badRequestMessages.ts"
import type { OverflowFigures } from "./contextOverflow.ts"
import { namesMissingModel, quotaMeaning } from "./errorWords.ts"
import { isContextOverflow } from "./contextOverflow.ts"
import { readErrorBody } from "./errorBodyForms.ts"
import { isObject } from "./jsonMembers.ts"
import { retryAfterOf } from "./retryAfter.ts"
import { mediaTypeOf } from "./mediaType.ts"
import { redactQuotes } from "./redactQuotes.ts"
import { readId, responseIds } from "./responseIds.ts"
import { scrub } from "./scrub.ts"
import { fromFailedResponse, type StatusError } from "./statusErrors.ts"

/** The details of a call that its errors depend on. */
export interface ErrorContext {
  readonly provider: string
  readonly isMoonshot: boolean
  readonly model: string | undefined
  /** The key in plain text, which is removed from every text of the host. */
  readonly secret: string | undefined
  /** The conversation, which is removed where the host quotes it. */
  readonly messages?: ReadonlyArray<Message> | undefined
}

/** A response that is not a success. */
export interface ErrorResponse {
  readonly status: number
  readonly headers: Headers.Headers
  /** The text of the body, already limited in size. */
  readonly body: string
  /** The current time in Unix milliseconds, from which a Retry-After date is counted. */
  readonly now: number
}

const decodeBody = Schema.decodeUnknownOption(ErrorBody)

const parseErrorBody = (body: string): { error: ErrorObject; requestId?: string } | undefined =>
  Option.getOrUndefined(
    Option.map(decodeBody(readErrorBody(body)), ({ error, request_id }) => {
      const object: ErrorObject = typeof error === "string" ? { message: error } : error
      const requestId = request_id ?? object.request_id
      return { error: object, ...(requestId === undefined ? {} : { requestId }) }
    })
  )

const isPage = (response: ErrorResponse): boolean =>
  response.headers["content-type"]?.toLowerCase().includes("html") === true || response.body.trimStart().startsWith("<")

/** Describes a page and quotes any other text. */
const describeBody = (response: ErrorResponse): string => {
  const text = response.body.trim()
  if (text === "") return "an empty body"
  return isPage(response) ? `a page of ${mediaTypeOf(response.headers)?.split(";")[0] ?? "no content type"}` : text
}

/** Plain texts of firewalls and content delivery networks. */
const gatewayText =
  /error code: 1\d{3}\b|cloudflare|akamai|incapsula|captcha|firewall|zscaler|fortinet|squid|blocked by (?:the |your )?(?:network|administrator|policy|proxy)|(?:host|request|access) (?:is |was )?(?:blocked|not in allowlist)/i

const unexpectedStatus = (status: number): string => `the host answered ${status} with `

/** The host's text without quotes of the conversation. */
const withoutConversation = (text: string, { messages }: ErrorContext): string =>
  messages === undefined ? text : redactQuotes(text, messages)

/** The ids of the headers, and where these have none, that of the body. */
const idsOf = (headers: Headers.Headers, inBody: string | undefined, call: ErrorContext) => {
  const requestId = readId(inBody, call)
  return { ...(requestId === undefined ? {} : { requestId }), ...responseIds(headers, call) }
}

/** Where a redirect leads, without the path, unless it quotes the conversation. */
const originOf = (location: string | undefined, call: ErrorContext): string | undefined => {
  const origin = URL.parse(scrub(location ?? "", call.secret))?.origin
  return origin === undefined || isQuote(origin, call.messages ?? []) ? undefined : origin
}

const toCount = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined

/** llama.cpp sends the figures of an overflow as members. */
const figuresOf = (error: ErrorObject | undefined): OverflowFigures => {
  const limit = toCount(error?.n_ctx)
  const requested = toCount(error?.n_prompt_tokens)
  return { ...(limit === undefined ? {} : { limit }), ...(requested === undefined ? {} : { requested }) }
}

/** A gateway's message, with the text of the host behind it where it quotes that (`metadata.raw` at OpenRouter). */
const messageOf = ({ message, metadata }: ErrorObject): string | undefined => {
  const raw = isObject(metadata) ? metadata["raw"] : undefined
  return typeof raw !== "string" || raw === "" || message === undefined ? message : `${message}: ${raw}`
}

/** The headers, and those of the host behind a gateway where it quotes them (`metadata.headers` at OpenRouter). */
const headersOf = (headers: Headers.Headers, error: ErrorObject | undefined): Headers.Headers => {
  const quoted = isObject(error?.metadata) ? error.metadata["headers"] : undefined
  if (!isObject(quoted)) return headers
  const texts = Object.entries(quoted).filter((entry): entry is [string, string] => typeof entry[1] === "string")
  return Headers.merge(Headers.fromInput(texts), headers)
}

const wordsOf = (error: ErrorObject | undefined) => ({
  type: error?.type,
  code: typeof error?.code === "string" ? error.code : undefined,
  figures: figuresOf(error)
})

const isFromGateway = (response: ErrorResponse, text: string): boolean =>
  isPage(response) || (response.status === 403 && gatewayText.test(text))

/** Maps a response by its status and `error.type`, then by its message. */
export const fromStatus = (response: ErrorResponse, call: ErrorContext): StatusError => {
  const { headers, status } = response
  const decoded = parseErrorBody(response.body)
  const error = decoded?.error
  const message = error === undefined ? undefined : messageOf(error)
  const text = scrub(message ?? `${unexpectedStatus(status)}${describeBody(response)}`, call.secret)
  const members: CommonErrorMembers = {
    message: withoutConversation(text, call),
    provider: call.provider,
    status,
    ...(call.model === undefined ? {} : { model: call.model }),
    ...idsOf(headers, decoded?.requestId, call)
  }
  return fromFailedResponse({
    status,
    members,
    ...wordsOf(error),
    isFromGateway: error === undefined && isFromGateway(response, text),
    text,
    retryAfter: retryAfterOf({ status, headers: headersOf(headers, error), now: response.now }, text),
    location: originOf(headers["location"], call),
    isMoonshot: call.isMoonshot
  })
}

/** The status that an error object would have had, if it had come before the stream began. */
const statusByType: ReadonlyMap<string | undefined, number> = new Map<string | undefined, number>([
  ["content_filter", 400],
  ["invalid_request_error", 400],
  ["invalid_authentication_error", 401],
  ["incorrect_api_key_error", 401],
  ["permission_denied_error", 403],
  ["resource_not_found_error", 404],
  ["engine_overloaded_error", 429],
  ["exceeded_current_quota_error", 429],
  ["rate_limit_reached_error", 429],
  ["rate_limit_error", 429],
  ["insufficient_quota", 429],
  ["rate_limit_exceeded", 429],
  ["overloaded_error", 529],
  ["context_length_exceeded", 400],
  ["exceed_context_size_error", 400],
  ["BadRequestError", 400],
  ["authentication_error", 401],
  ["invalid_api_key", 401],
  ["permission_error", 403],
  ["model_not_found", 404],
  ["not_found_error", 404],
  ["NotFoundError", 404],
  ["api_error", 500],
  ["InternalServerError", 500],
  ["server_error", 500],
  ["unexpected_output", 500],
  ["server_unavailable", 503],
  ["timeout", 504]
])

/** The status that the message alone implies. */
const statusFromText = (message: string): number | undefined => {
  if (isContextOverflow(message)) return 400
  if (quotaMeaning(message) !== undefined) return 429
  if (namesMissingModel(message)) return 404
  return /overloaded|rate limit|request reached|too many requests/i.test(message) ? 429 : undefined
}

const readStatus = (code: unknown): number | undefined => {
  const status = typeof code === "string" && /^[45]\d\d$/.test(code) ? Number(code) : code
  return typeof status === "number" && Number.isInteger(status) && status >= 400 && status < 600 ? status : undefined
}

/** A word as type or code is more specific than a number, and that than the message. */
const statusOf = ({ code, status, type }: ErrorObject, message: string): number | undefined =>
  statusByType.get(type) ??
  (typeof code === "string" ? statusByType.get(code) : undefined) ??
  readStatus(code) ??
  readStatus(status) ??
  statusFromText(message)

/** A longer type is a text. */
const maxTypeLength = 256

/** Maps an error object that came in place of a response: inside a stream, or with status 200. */
export const fromErrorObject = (
  error: ErrorObject,
  headers: Headers.Headers,
  call: ErrorContext
): StatusError | StreamFailedError => {
  const message = error.message ?? "the host reported an error without a message"
  const status = statusOf(error, messageOf({ ...error, message }) ?? message)
  if (status !== undefined) {
    // The headers came before the error, so a date in them counts as passed.
    const now = Number.POSITIVE_INFINITY
    return fromStatus({ status, headers, body: JSON.stringify({ error: { ...error, message } }), now }, call)
  }
  return new StreamFailedError({
    message: withoutConversation(scrub(message, call.secret), call),
    provider: call.provider,
    ...(call.model === undefined ? {} : { model: call.model }),
    ...(error.type === undefined || isQuote(error.type.slice(0, maxTypeLength), call.messages ?? [])
      ? {}
      : { type: scrub(error.type.slice(0, maxTypeLength), call.secret) }),
    ...idsOf(headers, error.request_id, call)
  })
}
