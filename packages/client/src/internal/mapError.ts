/** Maps failures of HTTP and of streams to errors of the library. No other module does. */
import { StreamFailedError } from "@kimi-effect/core/StreamErrors"
import { ErrorBody, type ErrorObject } from "@kimi-effect/core/internal/ErrorBody"
import type { Message } from "@kimi-effect/core/Message"
import * as Duration from "effect/Duration"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { CommonErrorMembers } from "./badRequestMessages.ts"
import { retryAfterInMessage } from "./rateLimitMessages.ts"
import { redactQuotes } from "./redactQuotes.ts"
import { scrub, scrubWord } from "./scrub.ts"
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

/** The host's ids of a response, for its support, without the caller's key. */
export const responseIds = (headers: Headers.Headers, secret?: string): { requestId?: string; traceId?: string } => {
  const requestId = headers["msh-request-id"] ?? headers["x-request-id"]
  const traceId = headers["x-msh-trace-id"] ?? headers["x-trace-id"]
  return {
    ...(requestId === undefined ? {} : { requestId: scrubWord(requestId, secret) }),
    ...(traceId === undefined ? {} : { traceId: scrubWord(traceId, secret) })
  }
}

const maxDuration = (waits: ReadonlyArray<Duration.Duration | undefined>): Duration.Duration | undefined =>
  waits.reduce((a, b) => (a === undefined ? b : b === undefined ? a : Duration.max(a, b)), undefined)

const parseRetryAfter = (value: string | undefined, now: number): Duration.Duration | undefined =>
  value === undefined
    ? undefined
    : Headers.parseRetryAfter(value).pipe(
        Result.map((parsed) => Headers.retryAfterDelay(parsed, now)),
        Result.getOrUndefined
      )

const decodeBody = Schema.decodeUnknownOption(Schema.fromJsonString(ErrorBody))

const parseErrorBody = (body: string): { error: ErrorObject; requestId?: string } | undefined =>
  Option.getOrUndefined(
    Option.map(decodeBody(body), ({ error, request_id }) => {
      const object: ErrorObject = typeof error === "string" ? { message: error } : error
      const requestId = request_id ?? object.request_id
      return { error: object, ...(requestId === undefined ? {} : { requestId }) }
    })
  )

/** Describes a page and quotes any other text. */
const describeBody = (response: ErrorResponse): string => {
  const type = response.headers["content-type"]?.split(";")[0] ?? "no content type"
  const text = response.body.trim()
  if (text === "") return "an empty body"
  return type.includes("html") || text.startsWith("<") ? `a page of ${type}` : text
}

const unexpectedStatus = (status: number): string => `the host answered ${status} with `

/** The host's text without quotes of the conversation. */
const withoutConversation = (text: string, { messages }: ErrorContext): string =>
  messages === undefined ? text : redactQuotes(text, messages)

const readRetryAfter = ({ headers, now }: ErrorResponse, text: string): Duration.Duration | undefined =>
  maxDuration([
    parseRetryAfter(headers["retry-after"], now),
    parseRetryAfter(headers["x-retry-after"], now),
    parseRetryAfter(headers["msh-cooldown-seconds"], now),
    retryAfterInMessage(text)
  ])

/** Maps a response by its status and `error.type`, then by its message. */
export const fromStatus = (response: ErrorResponse, call: ErrorContext): StatusError => {
  const { headers, status } = response
  const decoded = parseErrorBody(response.body)
  const text = scrub(decoded?.error.message ?? `${unexpectedStatus(status)}${describeBody(response)}`, call.secret)
  const members: CommonErrorMembers = {
    message: withoutConversation(text, call),
    provider: call.provider,
    status,
    ...(call.model === undefined ? {} : { model: call.model }),
    ...(decoded?.requestId === undefined ? {} : { requestId: scrubWord(decoded.requestId, call.secret) }),
    ...responseIds(headers, call.secret)
  }
  return fromFailedResponse({
    status,
    members,
    type: decoded?.error.type,
    text,
    retryAfter: readRetryAfter(response, text),
    location: URL.parse(scrub(headers["location"] ?? "", call.secret))?.origin,
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
  ["server_error", 500],
  ["unexpected_output", 500],
  ["server_unavailable", 503],
  ["timeout", 504]
])

const statusFromType = (type: string | undefined, message: string): number | undefined =>
  statusByType.get(type) ?? (/overloaded|rate limit|request reached/i.test(message) ? 429 : undefined)

const isErrorStatus = (code: ErrorObject["code"]): code is number =>
  typeof code === "number" && Number.isInteger(code) && code >= 400 && code < 600

/** Maps an error object that came in place of a response: inside a stream, or with status 200. */
export const fromErrorObject = (
  error: ErrorObject,
  headers: Headers.Headers,
  call: ErrorContext
): StatusError | StreamFailedError => {
  const message = error.message ?? "the host reported an error without a message"
  const status = statusFromType(error.type, message) ?? (isErrorStatus(error.code) ? error.code : undefined)
  if (status !== undefined) {
    // The headers came before the error, so a date in them counts as passed.
    const now = Number.POSITIVE_INFINITY
    return fromStatus({ status, headers, body: JSON.stringify({ error: { ...error, message } }), now }, call)
  }
  return new StreamFailedError({
    message: withoutConversation(scrub(message, call.secret), call),
    provider: call.provider,
    ...(call.model === undefined ? {} : { model: call.model }),
    ...(error.type === undefined ? {} : { type: scrub(error.type, call.secret) }),
    ...(error.request_id === undefined ? {} : { requestId: scrubWord(error.request_id, call.secret) }),
    ...responseIds(headers, call.secret)
  })
}
