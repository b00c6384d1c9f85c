/** The only place where a failure of HTTP or of a stream becomes one of our errors. */
import { AuthenticationError, IpNotAllowedError, PermissionDeniedError } from "@kimi-effect/core/AuthenticationErrors"
import { RedirectError } from "@kimi-effect/core/NetworkErrors"
import {
  GatewayTimeoutError,
  InvalidResponseError,
  RequestCancelledError,
  ServerError,
  ServiceUnavailableError
} from "@kimi-effect/core/ProviderErrors"
import { OverloadedError, QuotaExceededError } from "@kimi-effect/core/RateLimitErrors"
import { StreamFailedError } from "@kimi-effect/core/StreamErrors"
import {
  InvalidRequestError,
  ModelNotFoundError,
  ModelRetiredError,
  RequestTooLargeError
} from "@kimi-effect/core/ValidationErrors"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import { ErrorBody, type ErrorObject } from "@kimi-effect/core/internal/ErrorBody"
import type { Message } from "@kimi-effect/core/Message"
import * as Duration from "effect/Duration"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type CommonErrorMembers, fromBadRequest, type BadRequestError } from "./badRequestMessages.ts"
import { fromTooManyRequests, type TooManyRequestsError, retryAfterInMessage } from "./rateLimitMessages.ts"
import { redactQuotes } from "./redactQuotes.ts"
import { scrub, scrubWord } from "./scrub.ts"

/** What the mapping needs to know of the call. */
export interface ErrorContext {
  readonly provider: string
  readonly isMoonshot: boolean
  readonly model: string | undefined
  /** The key in clear, to be removed from whatever the server says. */
  readonly secret: string | undefined
  /** The conversation, to be removed where the server repeats it. */
  readonly messages?: ReadonlyArray<Message> | undefined
}

/** An answer that is not a success. */
export interface ErrorResponse {
  readonly status: number
  readonly headers: Headers.Headers
  /** The body's text, already bounded. */
  readonly body: string
  /** Unix milliseconds, against which a Retry-After date is read. */
  readonly now: number
}

/** Every error that an HTTP status can mean. */
export type StatusError =
  | BadRequestError
  | TooManyRequestsError
  | AuthenticationError
  | PermissionDeniedError
  | IpNotAllowedError
  | RedirectError
  | ModelNotFoundError
  | ModelRetiredError
  | ServerError
  | GatewayTimeoutError
  | RequestCancelledError
  | InvalidResponseError

/** The host's ids of an answer, for its support, without the caller's key. */
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
    Option.map(decodeBody(body), ({ error, request_id }) => ({
      error: typeof error === "string" ? { message: error } : error,
      ...(request_id === undefined ? {} : { requestId: request_id })
    }))
  )

/** A page is described, not quoted; other text is quoted. */
const describeBody = (answer: ErrorResponse): string => {
  const type = answer.headers["content-type"]?.split(";")[0] ?? "no content type"
  const text = answer.body.trim()
  if (text === "") return "an empty body"
  return type.includes("html") || text.startsWith("<") ? `a page of ${type}` : text
}

const unexpectedStatus = (status: number): string => `the host answered ${status} with `

const isModelNotFound = (type: string | undefined, message: string): boolean =>
  type === "resource_not_found_error" || /not found the model|model .{0,120}not (?:found|exist)/i.test(message)

const fromNotFound = (
  common: CommonErrorMembers,
  type: string | undefined,
  text: string,
  call: ErrorContext
): StatusError => {
  if (!isModelNotFound(type, text)) return new InvalidRequestError({ ...common, parameter: "baseUrl" })
  const lifecycle = call.model === undefined || !call.isMoonshot ? undefined : ModelCatalog.find(call.model)?.lifecycle
  return lifecycle?.state === "retired"
    ? new ModelRetiredError({ ...common, retiredOn: lifecycle.retiredOn, successor: lifecycle.successor })
    : new ModelNotFoundError(common)
}

const fromForbidden = (common: CommonErrorMembers, text: string): StatusError => {
  if (/\bIP is not allowed/i.test(text)) return new IpNotAllowedError(common)
  return /insufficient balance|usage limit|billing cycle/i.test(text)
    ? new QuotaExceededError(common)
    : new PermissionDeniedError(common)
}

const fromServerError = (
  common: CommonErrorMembers,
  status: number,
  type: string | undefined,
  wait: { retryAfter?: Duration.Duration }
): StatusError => {
  if (type === "engine_overloaded_error" || status === 529) return new OverloadedError({ ...common, ...wait })
  switch (status) {
    case 504:
    case 524:
      return new GatewayTimeoutError({ ...common, ...wait })
    // 521 to 530 are Cloudflare's words for a host that it cannot reach.
    case 502:
    case 503:
    case 521:
    case 522:
    case 523:
    case 525:
    case 526:
    case 530:
      return new ServiceUnavailableError({ ...common, ...wait })
    default:
      return new ServerError({ ...common, ...wait })
  }
}

/** What an error says of the server's text: nothing of the conversation. */
const withoutConversation = (text: string, { messages }: ErrorContext): string =>
  messages === undefined ? text : redactQuotes(text, messages)

/** Decides by status and `error.type`, then by the message. */
export const fromStatus = (answer: ErrorResponse, call: ErrorContext): StatusError => {
  const { status, headers } = answer
  const decoded = parseErrorBody(answer.body)
  // What it means is read from all of it.
  const text = scrub(decoded?.error.message ?? `${unexpectedStatus(status)}${describeBody(answer)}`, call.secret)
  const type = decoded?.error.type
  const common: CommonErrorMembers = {
    message: withoutConversation(text, call),
    provider: call.provider,
    status,
    ...(call.model === undefined ? {} : { model: call.model }),
    ...(decoded?.requestId === undefined ? {} : { requestId: scrubWord(decoded.requestId, call.secret) }),
    ...responseIds(headers, call.secret)
  }
  const retryAfter = maxDuration([
    parseRetryAfter(headers["retry-after"], answer.now),
    parseRetryAfter(headers["x-retry-after"], answer.now),
    parseRetryAfter(headers["msh-cooldown-seconds"], answer.now),
    retryAfterInMessage(text)
  ])
  const wait = retryAfter === undefined ? {} : { retryAfter }

  if (status >= 300 && status < 400) {
    const location = URL.parse(scrub(headers["location"] ?? "", call.secret))?.origin
    return new RedirectError({ ...common, ...(location === undefined ? {} : { location }) })
  }
  if (status >= 500) return fromServerError(common, status, type, wait)
  switch (status) {
    case 401:
      return new AuthenticationError(common)
    case 402:
      return new QuotaExceededError(common)
    case 403:
      return fromForbidden(common, text)
    case 404:
    case 405:
      return fromNotFound(common, type, text, call)
    case 408:
      return new GatewayTimeoutError({ ...common, ...wait })
    case 409:
    case 425:
      return new ServiceUnavailableError({ ...common, ...wait })
    case 413: {
      const meaning = fromBadRequest(common, type, text)
      return meaning._tag === "InvalidRequestError" ? new RequestTooLargeError(common) : meaning
    }
    case 429:
      return fromTooManyRequests(common, type, retryAfter, text)
    case 499:
      return new RequestCancelledError(common)
    default:
      return status >= 400 ? fromBadRequest(common, type, text) : new InvalidResponseError(common)
  }
}

/** Status that an error object would have had, had it come before the stream began. */
const statusFromType = (type: string | undefined, message: string): number | undefined => {
  switch (type) {
    case "content_filter":
    case "invalid_request_error":
      return 400
    case "invalid_authentication_error":
    case "incorrect_api_key_error":
      return 401
    case "permission_denied_error":
      return 403
    case "resource_not_found_error":
      return 404
    case "engine_overloaded_error":
    case "exceeded_current_quota_error":
    case "rate_limit_reached_error":
    case "rate_limit_error":
      return 429
    case "server_error":
    case "unexpected_output":
      return 500
    case "server_unavailable":
      return 503
    case "timeout":
      return 504
    default:
      return /overloaded|rate limit|request reached/i.test(message) ? 429 : undefined
  }
}

const isErrorStatus = (code: ErrorObject["code"]): code is number =>
  typeof code === "number" && Number.isInteger(code) && code >= 400 && code < 600

/** An error object in place of an answer: inside a stream, or under a status of 200. */
export const fromErrorObject = (
  error: ErrorObject,
  headers: Headers.Headers,
  call: ErrorContext
): StatusError | StreamFailedError => {
  const message = error.message ?? "the host reported an error without a message"
  const status = statusFromType(error.type, message) ?? (isErrorStatus(error.code) ? error.code : undefined)
  if (status !== undefined) {
    // The head came before the error: a date in it is past, whatever it is.
    const now = Number.POSITIVE_INFINITY
    return fromStatus({ status, headers, body: JSON.stringify({ error: { ...error, message } }), now }, call)
  }
  return new StreamFailedError({
    message: withoutConversation(scrub(message, call.secret), call),
    provider: call.provider,
    ...(call.model === undefined ? {} : { model: call.model }),
    ...(error.type === undefined ? {} : { type: scrub(error.type, call.secret) }),
    ...responseIds(headers, call.secret)
  })
}
