/**
 * Replies whose response is an error: one constructor for each error that a host
 * or the network can cause, with the recorded response of `ErrorResponses`.
 */
import * as Duration from "effect/Duration"
import { type ErrorName, errorResponses, type ErrorResponse } from "../../ErrorResponses.ts"
import * as Fault from "../../Fault.ts"
import { generated } from "./generated.ts"
import { body, type Completion, type Default, faulty, type Json, json, type Text } from "./model.ts"

/**
 * Options of the errors that a host answers with.
 *
 * @category options
 * @since 0.1.0
 */
export interface ErrorOptions {
  /** The message of the host. Defaults to the recorded one. */
  readonly message?: string | undefined
  /** The `retry-after` of the response, in whole seconds. Defaults to the recorded one. */
  readonly retryAfter?: Duration.Input | undefined
}

/** The headers with which Kimi announces a wait. */
const waitHeaders = (wait: Duration.Input): { readonly [name: string]: string } => {
  const seconds = `${Math.ceil(Duration.toSeconds(wait))}`
  return { "msh-cooldown-seconds": seconds, "retry-after": seconds, "x-retry-after": seconds }
}

const refusal = (name: ErrorName, { message, retryAfter }: ErrorOptions = {}): Json | Text => {
  const row: ErrorResponse = errorResponses[name]
  const headers = { ...row.headers, ...(retryAfter === undefined ? {} : waitHeaders(retryAfter)) }
  if (row.body !== undefined && message === undefined) return body(row.body, { status: row.status, headers })
  const text = message ?? row.message ?? ""
  const error = row.type === undefined ? { message: text } : { message: text, type: row.type }
  return json({ error }, { status: row.status, headers })
}

/** The limits that a 429 names. */
const limitNames = {
  concurrency: "limitConcurrency",
  "requests per minute": "limitRpm",
  "tokens per minute": "limitTpm"
} as const satisfies { readonly [kind: string]: ErrorName }

/**
 * `RateLimitError`: a 429 for a limit of the account, by default for its
 * requests per minute.
 *
 * @category errors
 * @since 0.1.0
 */
export const rateLimited = (
  options?: ErrorOptions & { readonly limit?: keyof typeof limitNames | undefined }
): Json | Text => {
  const name = limitNames[options?.limit ?? "requests per minute"]
  // The longest wait counts, so the text of the host must not name another.
  const { message = "" }: ErrorResponse = errorResponses[name]
  if (options?.retryAfter === undefined || options.message !== undefined) return refusal(name, options)
  return refusal(name, { ...options, message: message.replace(/, please try again after .*$/, "") })
}

/**
 * `DailyLimitError`: the tokens of the day are used up.
 *
 * @category errors
 * @since 0.1.0
 */
export const dailyLimitReached = (options?: ErrorOptions): Json | Text => refusal("limitTpd", options)

/**
 * `OverloadedError`: Kimi's 429 for an overloaded engine.
 *
 * @category errors
 * @since 0.1.0
 */
export const overloaded = (options?: ErrorOptions): Json | Text => refusal("engineOverloaded", options)

/**
 * `QuotaExceededError`: the balance of the account is used up.
 *
 * @category errors
 * @since 0.1.0
 */
export const quotaExceeded = (options?: ErrorOptions): Json | Text => refusal("quotaInsufficientBalance", options)

/**
 * `AuthenticationError`: the key is wrong.
 *
 * @category errors
 * @since 0.1.0
 */
export const unauthorized = (options?: ErrorOptions): Json | Text => refusal("incorrectApiKey", options)

/**
 * `PermissionDeniedError`: this API is not open for the account.
 *
 * @category errors
 * @since 0.1.0
 */
export const permissionDenied = (options?: ErrorOptions): Json | Text => refusal("apiNotOpen", options)

/**
 * `IpNotAllowedError`: the address is not on the list of the organization.
 *
 * @category errors
 * @since 0.1.0
 */
export const ipNotAllowed = (options?: ErrorOptions): Json | Text => refusal("ipNotAllowed", options)

/**
 * `GatewayRefusedError`: a proxy between client and host demands authentication.
 *
 * @category errors
 * @since 0.1.0
 */
export const gatewayRefused = (): Text => body("Proxy authentication required", { status: 407 })

/**
 * `RedirectError`: the host has moved, by default to `https://moved.example/v1`.
 *
 * @category errors
 * @since 0.1.0
 */
export const redirected = (location = "https://moved.example/v1"): Default =>
  faulty(Fault.Redirect({ status: 308, location }))

/**
 * `InvalidRequestError`.
 *
 * @category errors
 * @since 0.1.0
 */
export const invalidRequest = (options?: ErrorOptions): Json | Text => refusal("invalidRequest", options)

/**
 * `UnsupportedParameterError`: a temperature that the model does not allow.
 *
 * @category errors
 * @since 0.1.0
 */
export const unsupportedParameter = (options?: ErrorOptions): Json | Text => refusal("invalidTemperature", options)

/**
 * `ContextLengthError`: the conversation is longer than the window of the model.
 *
 * @category errors
 * @since 0.1.0
 */
export const contextTooLong = (options?: ErrorOptions): Json | Text => refusal("modelTokenLimitRequested", options)

/**
 * `ModelNotFoundError`.
 *
 * @category errors
 * @since 0.1.0
 */
export const modelNotFound = (options?: ErrorOptions): Json | Text => refusal("modelNotFound", options)

/**
 * `ContentFilterError`: the host considers the request high risk.
 *
 * @category errors
 * @since 0.1.0
 */
export const contentFiltered = (options?: ErrorOptions): Json | Text => refusal("contentFilter", options)

/**
 * `RequestTooLargeError`.
 *
 * @category errors
 * @since 0.1.0
 */
export const requestTooLarge = (options?: ErrorOptions): Json | Text => refusal("requestTooLarge", options)

/**
 * `UnsupportedMediaError`: an image in a format that the model does not support.
 *
 * @category errors
 * @since 0.1.0
 */
export const unsupportedMedia = (options?: ErrorOptions): Json | Text => refusal("unsupportedImage", options)

/**
 * `ToolSchemaError`: the parameters of a tool are no schema of Moonshot's flavor.
 *
 * @category errors
 * @since 0.1.0
 */
export const toolSchemaRejected = (options?: ErrorOptions): Json | Text => refusal("toolSchemaNoType", options)

/**
 * `ToolHistoryError`: a tool message answers no tool call.
 *
 * @category errors
 * @since 0.1.0
 */
export const toolHistoryRejected = (options?: ErrorOptions): Json | Text => refusal("toolCallIdNotFound", options)

/**
 * `MissingReasoningError`: an assistant message came back without its reasoning.
 *
 * @category errors
 * @since 0.1.0
 */
export const reasoningMissing = (options?: ErrorOptions): Json | Text => refusal("missingReasoning", options)

/**
 * `EmptyMessageError`.
 *
 * @category errors
 * @since 0.1.0
 */
export const emptyMessageRejected = (options?: ErrorOptions): Json | Text => refusal("emptyMessage", options)

/**
 * `ServerError`: a 500 of the host.
 *
 * @category errors
 * @since 0.1.0
 */
export const serverError = (options?: ErrorOptions): Json | Text => refusal("unexpectedOutput", options)

/**
 * `ServiceUnavailableError`: a 503 of the host.
 *
 * @category errors
 * @since 0.1.0
 */
export const unavailable = (options?: ErrorOptions): Json | Text => refusal("serverUnavailable", options)

/**
 * `GatewayTimeoutError`: the page of a gateway that waited too long for the model.
 *
 * @category errors
 * @since 0.1.0
 */
export const gatewayTimeout = (options?: ErrorOptions): Json | Text => refusal("gatewayTimeout", options)

/**
 * `RequestCancelledError`: the host recorded the request as cancelled (499).
 *
 * @category errors
 * @since 0.1.0
 */
export const cancelled = (options?: ErrorOptions): Json | Text => refusal("clientClosed", options)

/**
 * `InvalidResponseError`: 200 with JSON that ends inside a value.
 *
 * @category errors
 * @since 0.1.0
 */
export const invalidResponse = (): Default => faulty(Fault.MalformedJson())

/**
 * `EmptyResponseError`: the model answers with neither text nor tool calls.
 *
 * @category errors
 * @since 0.1.0
 */
export const emptyResponse = (): Completion => generated({ content: "" })

/**
 * `ReasoningBudgetExhaustedError`: the reasoning used all of
 * `max_completion_tokens`.
 *
 * @category errors
 * @since 0.1.0
 */
export const reasoningExhausted = (): Completion =>
  generated({ content: "", reasoning_content: "Let me think", finish_reason: "length" })

/**
 * `MalformedOutputError`: a tool call without a name, which the host has not
 * parsed.
 *
 * @category errors
 * @since 0.1.0
 */
export const malformedOutput = (): Completion => generated({ tool_calls: [{ name: "", arguments: "{" }] })

/**
 * `ToolArgumentsTooLargeError`, unless the configuration allows arguments of
 * more than `bytes`, which defaults to 1 MiB.
 *
 * @category errors
 * @since 0.1.0
 */
export const toolArgumentsTooLarge = (bytes = 1_048_576): Completion =>
  generated({ tool_calls: [{ name: "write", arguments: JSON.stringify("x".repeat(bytes)) }] })

/**
 * `ResponseTooLargeError` for a whole response, unless the configuration allows
 * `bytes`, which defaults to 64 MiB.
 *
 * @category errors
 * @since 0.1.0
 */
export const responseTooLarge = (bytes = 67_108_864): Default => faulty(Fault.HugeBody({ bytes, contentLength: true }))

/**
 * `EventTooLargeError` for a stream, unless the configuration allows events of
 * `bytes`, which defaults to 12 MiB.
 *
 * @category errors
 * @since 0.1.0
 */
export const eventTooLarge = (bytes = 12_582_912): Default => faulty(Fault.HugeEvent({ afterEvents: 2, bytes }))

/**
 * `DnsError`: the name of the host cannot be resolved.
 *
 * @category errors
 * @since 0.1.0
 */
export const dnsFailure = (): Default => faulty(Fault.ConnectFailure({ reason: "dns" }))

/**
 * `ConnectionRefusedError`.
 *
 * @category errors
 * @since 0.1.0
 */
export const connectionRefused = (): Default => faulty(Fault.ConnectFailure({ reason: "refused" }))

/**
 * `TlsError`: the certificate of the host has expired.
 *
 * @category errors
 * @since 0.1.0
 */
export const tlsFailure = (): Default => faulty(Fault.ConnectFailure({ reason: "tls" }))

/**
 * `ConnectTimeoutError`: no connection is established. The error comes without
 * the wait.
 *
 * @category errors
 * @since 0.1.0
 */
export const connectTimeout = (): Default => faulty(Fault.ConnectFailure({ reason: "timeout" }))

/**
 * `ConnectionLostError`: the connection is reset before the headers.
 *
 * @category errors
 * @since 0.1.0
 */
export const connectionLost = (): Default => faulty(Fault.ResetBeforeHeaders())

/**
 * No response, ever: `FirstTokenTimeoutError` for a stream and
 * `TotalTimeoutError` for a whole response, when the timeouts of the client end
 * the wait.
 *
 * @category errors
 * @since 0.1.0
 */
export const never = (): Default => faulty(Fault.StallBeforeHeaders())

/**
 * `StreamInterruptedError` for a stream: the connection is reset after
 * `afterEvents` events, by default 3.
 *
 * @category errors
 * @since 0.1.0
 */
export const streamInterrupted = (afterEvents = 3): Default => faulty(Fault.ResetMidStream({ afterEvents }))

/**
 * `StreamTruncatedError` for a stream: it ends after `afterEvents` events, by
 * default 3, without its end mark.
 *
 * @category errors
 * @since 0.1.0
 */
export const streamTruncated = (afterEvents = 3): Default => faulty(Fault.TruncatedStream({ afterEvents }))

/**
 * `StreamDecodeError` for a stream: the event after `afterEvents` events, by
 * default 3, is cut in half.
 *
 * @category errors
 * @since 0.1.0
 */
export const streamCorrupted = (afterEvents = 3): Default => faulty(Fault.CorruptEvent({ afterEvents }))

/**
 * `StreamFailedError` for a stream: the host reports an error after
 * `afterEvents` events, by default 3.
 *
 * @category errors
 * @since 0.1.0
 */
export const streamFailed = (afterEvents = 3, message = "internal failure"): Default =>
  faulty(Fault.ErrorInStream({ afterEvents, error: { message, type: "stream_failed" } }))

/**
 * `IdleTimeoutError` for a stream, when the timeout of the client ends the wait:
 * nothing more is sent after `afterEvents` events, by default 3.
 *
 * @category errors
 * @since 0.1.0
 */
export const streamStalled = (afterEvents = 3): Default => faulty(Fault.StallMidStream({ afterEvents }))
