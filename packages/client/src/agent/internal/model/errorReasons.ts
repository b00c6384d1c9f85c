/**
 * Which reason of an `AiError` stands for each error of the library.
 *
 * The reason decides whether the `AiError` is retryable, so a row agrees with
 * `isRetryable` of its tag: a retry policy on `AiError` then repeats exactly
 * the calls that a policy on the library's own errors repeats.
 */
import type { KimiError } from "@kimi-effect/core/KimiError"

/** The reasons that hold provider metadata, and `NetworkError`, which holds a cause. */
export type Reason =
  | "AuthenticationError"
  | "ContentPolicyError"
  | "InternalProviderError"
  | "InvalidOutputError"
  | "InvalidRequestError"
  | "InvalidResponseError"
  | "NetworkError"
  | "QuotaExhaustedError"
  | "RateLimitError"
  | "UnknownError"
  | "UnsupportedSchemaError"

export const reasons: { readonly [T in KimiError["_tag"]]: Reason } = {
  DnsError: "NetworkError",
  ConnectionRefusedError: "NetworkError",
  ConnectionLostError: "NetworkError",
  TlsError: "UnknownError",
  RedirectError: "UnknownError",
  GatewayRefusedError: "UnknownError",

  ConnectTimeoutError: "NetworkError",
  ConnectionPoolTimeoutError: "NetworkError",
  FirstTokenTimeoutError: "InternalProviderError",
  IdleTimeoutError: "InternalProviderError",
  TotalTimeoutError: "InternalProviderError",
  DeadlineExceededError: "UnknownError",

  AuthenticationError: "AuthenticationError",
  PermissionDeniedError: "AuthenticationError",
  IpNotAllowedError: "AuthenticationError",

  RateLimitError: "RateLimitError",
  OverloadedError: "RateLimitError",
  DailyLimitError: "QuotaExhaustedError",
  QuotaExceededError: "QuotaExhaustedError",

  InvalidRequestError: "InvalidRequestError",
  UnsupportedParameterError: "InvalidRequestError",
  ContextLengthError: "InvalidRequestError",
  ModelNotFoundError: "InvalidRequestError",
  ModelRetiredError: "InvalidRequestError",
  ContentFilterError: "ContentPolicyError",
  RequestTooLargeError: "InvalidRequestError",
  UnsupportedMediaError: "InvalidRequestError",
  ToolSchemaError: "UnsupportedSchemaError",
  ToolHistoryError: "InvalidRequestError",
  MissingReasoningError: "InvalidRequestError",
  EmptyMessageError: "InvalidRequestError",
  UnsupportedOperationError: "InvalidRequestError",

  ServerError: "InternalProviderError",
  ServiceUnavailableError: "InternalProviderError",
  GatewayTimeoutError: "InternalProviderError",
  // Effect's `InvalidResponseError` is final; the host may well answer the next attempt correctly.
  InvalidResponseError: "InternalProviderError",
  EmptyResponseError: "InvalidOutputError",
  ReasoningBudgetExhaustedError: "InvalidRequestError",
  MalformedOutputError: "InvalidResponseError",
  RequestCancelledError: "InternalProviderError",
  StructuredOutputError: "InvalidResponseError",

  StreamTruncatedError: "InternalProviderError",
  StreamInterruptedError: "NetworkError",
  StreamDecodeError: "InternalProviderError",
  StreamFailedError: "InternalProviderError",

  CircuitOpenError: "UnknownError",
  ClientClosedError: "UnknownError",
  AdmissionTimeoutError: "QuotaExhaustedError",
  AdmissionQueueFullError: "QuotaExhaustedError",
  AdmissionLimitError: "QuotaExhaustedError",

  CacheMissError: "UnknownError",
  CacheStoreError: "UnknownError",

  BudgetExceededError: "QuotaExhaustedError",
  UnknownPriceError: "InvalidRequestError",
  BudgetStoreError: "UnknownError",

  ConfigurationError: "UnknownError",

  ResponseTooLargeError: "InvalidResponseError",
  EventTooLargeError: "InvalidResponseError",
  ToolArgumentsTooLargeError: "InvalidResponseError",

  ToolNotFoundError: "UnknownError",
  ToolArgumentsError: "UnknownError",
  ToolExecutionError: "UnknownError",
  ToolTimeoutError: "UnknownError",
  ToolApprovalRequiredError: "UnknownError",

  StepLimitError: "UnknownError",
  ToolCallLimitError: "UnknownError",
  TokenLimitError: "UnknownError",
  RepeatedToolCallError: "UnknownError",

  AgentLimitError: "UnknownError",
  DepthLimitError: "UnknownError",
  InvalidPlanError: "UnknownError",
  UnknownAgentError: "UnknownError",
  SwarmSuspendedError: "UnknownError",

  JournalMismatchError: "UnknownError",
  UncertainToolResultError: "UnknownError",
  JournalStoreError: "UnknownError",
  LeaseLostError: "UnknownError",

  InvalidBatchRowError: "UnknownError",
  BatchInputChangedError: "UnknownError",
  BatchExpiredError: "UnknownError",
  BatchFailedError: "UnknownError",
  BatchJobLockedError: "UnknownError",

  CassetteMissError: "UnknownError"
}
