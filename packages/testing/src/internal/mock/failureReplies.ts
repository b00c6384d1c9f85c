/** The reply that makes an attempt fail with the error of a tag. */
import * as Errors from "../replies/errors.ts"
import { faulty, type Reply } from "../replies/model.ts"

/** Each tag with its reply. Those of streams break the connection of a response that is not streamed. */
export const failureReplies = {
  DnsError: Errors.dnsFailure(),
  ConnectionRefusedError: Errors.connectionRefused(),
  ConnectionLostError: Errors.connectionLost(),
  TlsError: Errors.tlsFailure(),
  RedirectError: Errors.redirected(),
  GatewayRefusedError: Errors.gatewayRefused(),
  ConnectTimeoutError: Errors.connectTimeout(),
  FirstTokenTimeoutError: Errors.never(),
  IdleTimeoutError: Errors.streamStalled(),
  TotalTimeoutError: Errors.never(),
  AuthenticationError: Errors.unauthorized(),
  PermissionDeniedError: Errors.permissionDenied(),
  IpNotAllowedError: Errors.ipNotAllowed(),
  RateLimitError: Errors.rateLimited(),
  DailyLimitError: Errors.dailyLimitReached(),
  OverloadedError: Errors.overloaded(),
  QuotaExceededError: Errors.quotaExceeded(),
  InvalidRequestError: Errors.invalidRequest(),
  UnsupportedParameterError: Errors.unsupportedParameter(),
  ContextLengthError: Errors.contextTooLong(),
  ModelNotFoundError: Errors.modelNotFound(),
  ContentFilterError: Errors.contentFiltered(),
  RequestTooLargeError: Errors.requestTooLarge(),
  UnsupportedMediaError: Errors.unsupportedMedia(),
  ToolSchemaError: Errors.toolSchemaRejected(),
  ToolHistoryError: Errors.toolHistoryRejected(),
  MissingReasoningError: Errors.reasoningMissing(),
  EmptyMessageError: Errors.emptyMessageRejected(),
  ServerError: Errors.serverError(),
  ServiceUnavailableError: Errors.unavailable(),
  GatewayTimeoutError: Errors.gatewayTimeout(),
  InvalidResponseError: Errors.invalidResponse(),
  EmptyResponseError: Errors.emptyResponse(),
  ReasoningBudgetExhaustedError: Errors.reasoningExhausted(),
  MalformedOutputError: Errors.malformedOutput(),
  RequestCancelledError: Errors.cancelled(),
  StreamTruncatedError: Errors.streamTruncated(),
  StreamInterruptedError: Errors.streamInterrupted(),
  StreamDecodeError: Errors.streamCorrupted(),
  StreamFailedError: Errors.streamFailed()
} as const satisfies { readonly [tag: string]: Reply }

/**
 * An error with which a provider can fail at a rate.
 *
 * @category models
 * @since 0.1.0
 */
export type FailureTag = keyof typeof failureReplies

/** A connection that breaks within a response that is not streamed. */
export const brokenBody = faulty({ _tag: "ResetMidBody", afterBytes: 20 })

/** The replies of this module, by what decides their outcome. */
export const ownFailures: WeakSet<object> = new WeakSet(
  [...Object.values(failureReplies), brokenBody].map((reply: Reply) => reply.fault ?? reply)
)

export const isFailureTag = (tag: string): tag is FailureTag => Object.hasOwn(failureReplies, tag)
