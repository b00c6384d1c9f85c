/**
 * The union of all error classes, its guard and its JSON codec.
 *
 * Handle errors by tag (`Effect.catchTag("RateLimitError", …)`), or by the
 * facts that every instance has: `category`, `severity`, `isRetryable`,
 * `retryAfter`, `recovery` and `hint`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import {
  NoProgressError,
  RepeatedToolCallError,
  StepLimitError,
  TokenLimitError,
  ToolCallLimitError
} from "./AgentErrors.ts"
import { AuthenticationError, IpNotAllowedError, PermissionDeniedError } from "./AuthenticationErrors.ts"
import {
  BatchExpiredError,
  BatchFailedError,
  BatchInputChangedError,
  BatchJobLockedError,
  BatchNotFoundError,
  BatchOptionsChangedError,
  InvalidBatchError,
  InvalidBatchRowError
} from "./BatchErrors.ts"
import { CacheMissError, CacheStoreError } from "./CacheErrors.ts"
import { CassetteMissError } from "./CassetteErrors.ts"
import { ConfigurationError } from "./ConfigurationErrors.ts"
import type { Tag } from "./ErrorFacts.ts"
import { FileLimitError, FileNotFoundError, FileProcessingError, MediaFetchError } from "./FileErrors.ts"
import * as ErrorBrand from "./internal/ErrorBrand.ts"
import { JournalMismatchError, JournalStoreError, LeaseLostError, UncertainToolResultError } from "./JournalErrors.ts"
import { BudgetExceededError, BudgetStoreError, UnknownPriceError } from "./MoneyErrors.ts"
import {
  ConnectionLostError,
  ConnectionRefusedError,
  DnsError,
  GatewayRefusedError,
  RedirectError,
  TlsError
} from "./NetworkErrors.ts"
import {
  EmptyResponseError,
  GatewayTimeoutError,
  InvalidResponseError,
  MalformedOutputError,
  ReasoningBudgetExhaustedError,
  RequestCancelledError,
  ServerError,
  ServiceUnavailableError,
  StructuredOutputError
} from "./ProviderErrors.ts"
import { DailyLimitError, OverloadedError, QuotaExceededError, RateLimitError } from "./RateLimitErrors.ts"
import {
  AdmissionLimitError,
  AdmissionQueueFullError,
  AdmissionTimeoutError,
  CircuitOpenError,
  ClientClosedError
} from "./ResilienceErrors.ts"
import { EventTooLargeError, ResponseTooLargeError, ToolArgumentsTooLargeError } from "./ResourceErrors.ts"
import { StreamDecodeError, StreamFailedError, StreamInterruptedError, StreamTruncatedError } from "./StreamErrors.ts"
import {
  AgentLimitError,
  DepthLimitError,
  InvalidPlanError,
  SwarmSuspendedError,
  UnknownAgentError
} from "./SwarmErrors.ts"
import {
  ConnectionPoolTimeoutError,
  ConnectTimeoutError,
  DeadlineExceededError,
  FirstTokenTimeoutError,
  IdleTimeoutError,
  TotalTimeoutError
} from "./TimeoutErrors.ts"
import {
  ToolApprovalRequiredError,
  ToolArgumentsError,
  ToolExecutionError,
  ToolNotFoundError,
  ToolTimeoutError
} from "./ToolErrors.ts"
import {
  ContentFilterError,
  ContextLengthError,
  EmptyMessageError,
  InvalidRequestError,
  MissingReasoningError,
  ModelNotFoundError,
  ModelRetiredError,
  RequestTooLargeError,
  ToolHistoryError,
  ToolSchemaError,
  UnsupportedMediaError,
  UnsupportedOperationError,
  UnsupportedParameterError
} from "./ValidationErrors.ts"

/**
 * Every error class by tag. A tag without a row in `ErrorFacts.table`, or a row
 * without a class, does not compile.
 *
 * @category errors
 * @since 0.1.0
 */
export const classes = {
  DnsError,
  ConnectionRefusedError,
  ConnectionLostError,
  TlsError,
  RedirectError,
  GatewayRefusedError,
  ConnectTimeoutError,
  ConnectionPoolTimeoutError,
  FirstTokenTimeoutError,
  IdleTimeoutError,
  TotalTimeoutError,
  DeadlineExceededError,
  AuthenticationError,
  PermissionDeniedError,
  IpNotAllowedError,
  RateLimitError,
  DailyLimitError,
  OverloadedError,
  QuotaExceededError,
  InvalidRequestError,
  UnsupportedParameterError,
  ContextLengthError,
  ModelNotFoundError,
  ModelRetiredError,
  ContentFilterError,
  RequestTooLargeError,
  UnsupportedMediaError,
  ToolSchemaError,
  ToolHistoryError,
  MissingReasoningError,
  EmptyMessageError,
  UnsupportedOperationError,
  ServerError,
  ServiceUnavailableError,
  GatewayTimeoutError,
  InvalidResponseError,
  EmptyResponseError,
  MalformedOutputError,
  ReasoningBudgetExhaustedError,
  RequestCancelledError,
  StructuredOutputError,
  StreamTruncatedError,
  StreamInterruptedError,
  StreamDecodeError,
  StreamFailedError,
  CircuitOpenError,
  ClientClosedError,
  AdmissionTimeoutError,
  AdmissionQueueFullError,
  AdmissionLimitError,
  CacheMissError,
  CacheStoreError,
  BudgetExceededError,
  UnknownPriceError,
  BudgetStoreError,
  ConfigurationError,
  ResponseTooLargeError,
  EventTooLargeError,
  ToolArgumentsTooLargeError,
  ToolNotFoundError,
  ToolArgumentsError,
  ToolExecutionError,
  ToolTimeoutError,
  ToolApprovalRequiredError,
  StepLimitError,
  ToolCallLimitError,
  TokenLimitError,
  RepeatedToolCallError,
  NoProgressError,
  AgentLimitError,
  DepthLimitError,
  InvalidPlanError,
  UnknownAgentError,
  SwarmSuspendedError,
  JournalMismatchError,
  UncertainToolResultError,
  JournalStoreError,
  LeaseLostError,
  FileNotFoundError,
  FileLimitError,
  MediaFetchError,
  FileProcessingError,
  InvalidBatchRowError,
  InvalidBatchError,
  BatchInputChangedError,
  BatchOptionsChangedError,
  BatchNotFoundError,
  BatchExpiredError,
  BatchFailedError,
  BatchJobLockedError,
  CassetteMissError
} satisfies { readonly [T in Tag]: { readonly Type: { readonly _tag: T } } }

/**
 * The schema of any error of the library. Use `codec` for JSON.
 *
 * @category schemas
 * @since 0.1.0
 */
export const KimiError = Schema.Union(Object.values(classes))

/**
 * Any error of the library.
 *
 * @category models
 * @since 0.1.0
 */
export type KimiError = typeof KimiError.Type

/**
 * Returns whether a value is an error of this library. As the predicate of
 * `Effect.catchIf` it separates these errors from others in the error channel.
 *
 * @category guards
 * @since 0.1.0
 */
export const isKimiError: <E>(
  value: E
) => value is E extends KimiError ? E : KimiError extends E ? E & KimiError : never = ErrorBrand.isKimiError

/**
 * JSON codec of any error: decoding an encoded error returns an equal error of
 * the same class.
 *
 * @category schemas
 * @since 0.1.0
 */
export const codec = Schema.toCodecJson(KimiError)
