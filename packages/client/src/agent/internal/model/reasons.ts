/**
 * Which reason of an `AiError` stands for an error of the library.
 *
 * It follows from the facts of the error, so a new tag has one as well. A reason
 * is retryable when the error is: a retry policy on `AiError` then repeats
 * exactly the calls that a policy on the errors of the library repeats.
 */
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as AiError from "effect/ai/AiError"
import type * as Schema from "effect/Schema"

type Metadata = { readonly kimi: Schema.MutableJson }

interface Members {
  readonly description: string
  readonly metadata: Metadata
}

const ofNetwork = (error: KimiError, { description, metadata }: Members): AiError.AiErrorReason =>
  error.isRetryable
    ? new AiError.NetworkError({
        reason: "TransportError",
        method: "POST",
        url: "/chat/completions",
        description,
        // The only reason without metadata.
        cause: metadata
      })
    : new AiError.UnknownError({ description, metadata })

/** A timeout of a request that may have been billed is one of the host, which has received it. */
const ofTimeout = (error: KimiError, members: Members): AiError.AiErrorReason =>
  error.isRetryable && error.billing === "possible"
    ? new AiError.InternalProviderError(members)
    : ofNetwork(error, members)

const ofRateLimit = (error: KimiError, { metadata }: Members): AiError.AiErrorReason =>
  error.isRetryable
    ? new AiError.RateLimitError({ metadata, ...(error.retryAfter && { retryAfter: error.retryAfter }) })
    : new AiError.QuotaExhaustedError({ metadata })

const ofAuthentication = (error: KimiError, members: Members): AiError.AiErrorReason =>
  new AiError.AuthenticationError({
    kind: error.recovery._tag === "RotateKey" ? "InvalidKey" : "InsufficientPermissions",
    ...members
  })

const parameterOf = (error: KimiError): { readonly parameter?: string } =>
  "parameter" in error && error.parameter !== undefined ? { parameter: error.parameter } : {}

const ofValidation = (error: KimiError, members: Members): AiError.AiErrorReason => {
  if (error._tag === "ContentFilterError") return new AiError.ContentPolicyError(members)
  if (error._tag === "ToolSchemaError") return new AiError.UnsupportedSchemaError(members)
  return new AiError.InvalidRequestError({ ...parameterOf(error), ...members })
}

/** Effect's error for an invalid response is final, while the host may well answer the next attempt correctly. */
const ofResponse = (error: KimiError, members: Members): AiError.AiErrorReason =>
  error.isRetryable ? new AiError.InternalProviderError(members) : new AiError.InvalidResponseError(members)

/** Refusals of this side: limits of calls and money that time lifts, and everything else. */
const ofClient = (error: KimiError, members: Members): AiError.AiErrorReason =>
  error.recovery._tag === "WaitForQuota"
    ? new AiError.QuotaExhaustedError({ metadata: members.metadata })
    : new AiError.UnknownError(members)

/** The reason for an error whose encoded form is in the metadata. */
export const reasonOf = (error: KimiError, metadata: Metadata): AiError.AiErrorReason => {
  const members: Members = { description: `${error._tag}: ${error.message}`, metadata }
  switch (error.category) {
    case "network":
      return ofNetwork(error, members)
    case "timeout":
      return ofTimeout(error, members)
    case "authentication":
      return ofAuthentication(error, members)
    case "rate limit":
    case "quota":
      return ofRateLimit(error, members)
    case "validation":
      return ofValidation(error, members)
    case "provider":
    case "stream":
    case "resource":
      return ofResponse(error, members)
    default:
      return ofClient(error, members)
  }
}
