/**
 * What each operation can fail with, as narrow as it is.
 *
 * @since 0.1.0
 */
import type { AuthenticationError, IpNotAllowedError, PermissionDeniedError } from "./AuthenticationErrors.ts"
import type { CacheMissError } from "./CacheErrors.ts"
import type { BudgetExceededError, BudgetStoreError, UnknownPriceError } from "./MoneyErrors.ts"
import type { ConnectionLostError, ConnectionRefusedError, DnsError, RedirectError, TlsError } from "./NetworkErrors.ts"
import type {
  EmptyResponseError,
  GatewayTimeoutError,
  InvalidResponseError,
  ReasoningBudgetExhaustedError,
  RequestCancelledError,
  ServerError,
  ServiceUnavailableError
} from "./ProviderErrors.ts"
import type { DailyLimitError, OverloadedError, QuotaExceededError, RateLimitError } from "./RateLimitErrors.ts"
import type {
  AdmissionLimitError,
  AdmissionQueueFullError,
  AdmissionTimeoutError,
  CircuitOpenError
} from "./ResilienceErrors.ts"
import type { EventTooLargeError, ResponseTooLargeError, ToolArgumentsTooLargeError } from "./ResourceErrors.ts"
import type {
  StreamDecodeError,
  StreamFailedError,
  StreamInterruptedError,
  StreamTruncatedError
} from "./StreamErrors.ts"
import type {
  ConnectTimeoutError,
  DeadlineExceededError,
  FirstTokenTimeoutError,
  IdleTimeoutError,
  TotalTimeoutError
} from "./TimeoutErrors.ts"
import type {
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
 * The host could not be reached, or the way back broke.
 *
 * @category models
 * @since 0.1.0
 */
export type NetworkError = DnsError | ConnectionRefusedError | ConnectionLostError | TlsError | RedirectError

/**
 * The account may not call, or not now.
 *
 * @category models
 * @since 0.1.0
 */
export type AccountError =
  | AuthenticationError
  | PermissionDeniedError
  | IpNotAllowedError
  | RateLimitError
  | DailyLimitError
  | OverloadedError
  | QuotaExceededError

/**
 * The request cannot be answered as it stands.
 *
 * @category models
 * @since 0.1.0
 */
export type ValidationError =
  | InvalidRequestError
  | UnsupportedParameterError
  | ContextLengthError
  | ModelNotFoundError
  | ModelRetiredError
  | ContentFilterError
  | RequestTooLargeError
  | UnsupportedMediaError
  | ToolSchemaError
  | ToolHistoryError
  | MissingReasoningError
  | EmptyMessageError

/**
 * The host failed, or answered something unusable.
 *
 * @category models
 * @since 0.1.0
 */
export type ProviderError =
  | ServerError
  | ServiceUnavailableError
  | GatewayTimeoutError
  | InvalidResponseError
  | RequestCancelledError

/**
 * What any call over HTTP can fail with.
 *
 * @category models
 * @since 0.1.0
 */
export type CallError =
  | NetworkError
  | AccountError
  | ValidationError
  | ProviderError
  | ConnectTimeoutError
  | TotalTimeoutError
  | ResponseTooLargeError

/**
 * What a call that asks no model can fail with: of all that can be wrong with
 * a request, only that the host does not know it.
 *
 * @category models
 * @since 0.1.0
 */
export type HostApiError = Exclude<CallError, Exclude<ValidationError, InvalidRequestError>>

/**
 * The limits of the account had no room for the call; nothing was sent.
 *
 * @category models
 * @since 0.1.0
 */
export type AdmissionError = AdmissionTimeoutError | AdmissionQueueFullError | AdmissionLimitError

/**
 * The call was not paid for; nothing was sent.
 *
 * @category models
 * @since 0.1.0
 */
export type BudgetError = BudgetExceededError | UnknownPriceError | BudgetStoreError

/**
 * What `chat` can fail with.
 *
 * @category models
 * @since 0.1.0
 */
export type ChatError =
  | CallError
  | AdmissionError
  | BudgetError
  | CacheMissError
  | CircuitOpenError
  | DeadlineExceededError
  | EmptyResponseError
  | ReasoningBudgetExhaustedError
  | ToolArgumentsTooLargeError

/**
 * What `stream` can fail with.
 *
 * @category models
 * @since 0.1.0
 */
export type StreamError =
  | ChatError
  | StreamTruncatedError
  | StreamInterruptedError
  | StreamDecodeError
  | StreamFailedError
  | FirstTokenTimeoutError
  | IdleTimeoutError
  | EventTooLargeError

/**
 * What `models` can fail with.
 *
 * @category models
 * @since 0.1.0
 */
export type ModelsError = HostApiError

/**
 * What `balance` can fail with.
 *
 * @category models
 * @since 0.1.0
 */
export type BalanceError = HostApiError | UnsupportedOperationError

/**
 * What `estimateTokens` can fail with.
 *
 * @category models
 * @since 0.1.0
 */
export type EstimateTokensError = CallError | UnsupportedOperationError
