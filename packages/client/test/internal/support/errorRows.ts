/**
 * The error of every known error response: its tag and the members that not every
 * error has.
 */
import type { ErrorName } from "@kimi-effect/testing/ErrorResponses"
import * as Duration from "effect/Duration"

interface Meaning {
  readonly _tag: string
  readonly [member: string]: unknown
}

const onlyAllowed = (parameter: string, allowed: string): Meaning => ({
  _tag: "UnsupportedParameterError",
  parameter,
  allowed,
  fix: `Leave ${parameter} out: this model allows only ${allowed}.`
})

const forcedTool: Meaning = {
  _tag: "UnsupportedParameterError",
  parameter: "tool_choice",
  allowed: "auto, none",
  fix: 'Use tool_choice "auto", or disable thinking where the model allows it.'
}

const toolSchema: Meaning = { _tag: "ToolSchemaError", parameter: "tools" }
const toolSchemaAt: Meaning = { ...toolSchema, path: "properties.unit" }
const retryAfter = Duration.seconds(1)
const account = "Your account org-<redacted><ak-<redacted>>"
const page = (status: number) => `the host answered ${status} with a page of text/html`

/** `message` only where it differs from the text of the response. */
export const meanings: { readonly [Name in ErrorName]: Meaning } = {
  contentFilter: { _tag: "ContentFilterError" },
  invalidRequest: { _tag: "InvalidRequestError" },
  inputTooLong: { _tag: "ContextLengthError" },
  modelTokenLimit: { _tag: "ContextLengthError", limit: 262_144 },
  modelTokenLimitRequested: { _tag: "ContextLengthError", limit: 262_144, requested: 300_123 },
  invalidPurpose: { _tag: "InvalidRequestError", parameter: "purpose" },
  fileTooLarge: { _tag: "RequestTooLargeError" },
  fileEmpty: { _tag: "InvalidRequestError" },
  tooManyFiles: { _tag: "InvalidRequestError" },
  invalidTemperature: onlyAllowed("temperature", "1"),
  invalidTopP: onlyAllowed("top_p", "0.95"),
  invalidN: onlyAllowed("n", "1"),
  invalidPresencePenalty: onlyAllowed("presence_penalty", "0"),
  invalidFrequencyPenalty: onlyAllowed("frequency_penalty", "0"),
  stopTooLong: {
    _tag: "UnsupportedParameterError",
    parameter: "stop",
    allowed: "at most 5 sequences of at most 32 bytes",
    fix: "Pass at most 5 stop sequences of at most 32 bytes each."
  },
  toolChoiceRequired: forcedTool,
  toolChoiceSpecified: forcedTool,
  thinkingDisabled: onlyAllowed("thinking", "type=enabled"),
  unknownToolType: toolSchema,
  duplicatedFunction: toolSchema,
  emptyMessage: { _tag: "EmptyMessageError", parameter: "messages[3]" },
  emptyTextPart: { _tag: "EmptyMessageError" },
  toolCallIdNotFound: { _tag: "ToolHistoryError", parameter: "messages" },
  insufficientToolMessages: { _tag: "ToolHistoryError", parameter: "messages" },
  missingReasoning: { _tag: "MissingReasoningError", parameter: "messages[2]" },
  toolSchemaNoType: toolSchemaAt,
  toolSchemaAnyOf: toolSchemaAt,
  toolSchemaRef: toolSchemaAt,
  toolSchemaEnum: toolSchemaAt,
  toolSchemaRoot: toolSchema,
  unsupportedImage: { _tag: "UnsupportedMediaError", parameter: "messages" },
  unsupportedImageUrl: { _tag: "UnsupportedMediaError", parameter: "messages" },
  missingVersionHeader: { _tag: "ServiceUnavailableError" },
  invalidAuthentication: { _tag: "AuthenticationError" },
  incorrectApiKey: { _tag: "AuthenticationError" },
  apiNotOpen: { _tag: "PermissionDeniedError" },
  otherUserInfo: { _tag: "PermissionDeniedError" },
  ipNotAllowed: { _tag: "IpNotAllowedError" },
  forbiddenBalance: { _tag: "QuotaExceededError" },
  modelNotFound: { _tag: "ModelNotFoundError" },
  requestTooLarge: { _tag: "RequestTooLargeError" },
  requestTooLargePage: { _tag: "RequestTooLargeError", message: page(413) },
  engineOverloaded: { _tag: "OverloadedError" },
  engineOverloadedWait: { _tag: "OverloadedError", retryAfter: Duration.seconds(2) },
  quotaSuspended: {
    _tag: "QuotaExceededError",
    message: `${account} is suspended, please check your plan and billing details`
  },
  quotaInsufficientBalance: {
    _tag: "QuotaExceededError",
    message:
      "Your account org-<redacted> <ak-<redacted>> is suspended due to insufficient balance, " +
      "please recharge your account or check your plan and billing details"
  },
  quotaTokens: {
    _tag: "QuotaExceededError",
    message: "You exceeded your current token quota: <org-<redacted>> 1000000, please check your account balance"
  },
  limitConcurrency: {
    _tag: "RateLimitError",
    kind: "concurrency",
    limit: 1,
    retryAfter,
    message: `${account} request reached organization max concurrency: 1, please try again after 1 seconds`
  },
  limitRpm: {
    _tag: "RateLimitError",
    kind: "requests per minute",
    limit: 3,
    retryAfter,
    message: `${account} request reached organization max RPM: 3, please try again after 1 seconds`
  },
  limitTpm: {
    _tag: "RateLimitError",
    kind: "tokens per minute",
    current: 500_123,
    limit: 500_000,
    message: `${account} request reached organization TPM rate limit, current:500123, limit:500000`
  },
  limitTpd: {
    _tag: "DailyLimitError",
    current: 1_500_042,
    limit: 1_500_000,
    message: `${account} request reached organization TPD rate limit, current:1500042, limit:1500000`
  },
  limitOrganization: { _tag: "RateLimitError", kind: "unknown", retryAfter },
  limitUserModelRpm: {
    _tag: "RateLimitError",
    kind: "requests per minute",
    limit: 3,
    retryAfter,
    message: `${account} request reached user+model max RPM: 3, please try again after 1 seconds`
  },
  limitTpmOld: {
    _tag: "RateLimitError",
    kind: "tokens per minute",
    current: 500_123,
    limit: 500_000,
    message: `${account} request reached TPM rate limit, current:500123, limit:500000`
  },
  clientClosed: { _tag: "RequestCancelledError" },
  fileExtraction: { _tag: "ServerError" },
  unexpectedOutput: { _tag: "ServerError" },
  emptyBody: { _tag: "ServerError", message: "the host answered 500 with an empty body" },
  plainText: {
    _tag: "ServerError",
    message: "the host answered 500 with upstream connect error or disconnect/reset before headers"
  },
  badGateway: { _tag: "ServiceUnavailableError", message: page(502) },
  badGatewayServerError: { _tag: "ServiceUnavailableError" },
  cloudflareBadGateway: { _tag: "ServiceUnavailableError", message: page(502) },
  serverUnavailable: { _tag: "ServiceUnavailableError" },
  serverUnavailableEmpty: { _tag: "ServiceUnavailableError", message: "the host answered 503 with an empty body" },
  gatewayTimeout: { _tag: "GatewayTimeoutError", message: page(504) },
  cloudflareUnknownError: { _tag: "ServerError", message: page(520) },
  cloudflareConnectionTimedOut: { _tag: "ServiceUnavailableError", message: page(522) },
  cloudflareTimeout: { _tag: "GatewayTimeoutError", message: page(524) },
  overloaded529: { _tag: "OverloadedError" }
}
