/**
 * The errors of each operation, as narrow as they are.
 *
 * @since 0.1.0
 */
import type { AuthenticationError, IpNotAllowedError, PermissionDeniedError } from "./AuthenticationErrors.ts"
import type { CacheMissError } from "./CacheErrors.ts"
import type { CassetteMissError } from "./CassetteErrors.ts"
import type { BudgetExceededError, BudgetStoreError, UnknownPriceError } from "./MoneyErrors.ts"
import type { FileLimitError, FileNotFoundError, FileProcessingError, MediaFetchError } from "./FileErrors.ts"
import type {
  ConnectionLostError,
  ConnectionRefusedError,
  DnsError,
  GatewayRefusedError,
  RedirectError,
  TlsError
} from "./NetworkErrors.ts"
import type {
  EmptyResponseError,
  GatewayTimeoutError,
  InvalidResponseError,
  MalformedOutputError,
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
  CircuitOpenError,
  ClientClosedError
} from "./ResilienceErrors.ts"
import type { EventTooLargeError, ResponseTooLargeError, ToolArgumentsTooLargeError } from "./ResourceErrors.ts"
import type {
  StreamDecodeError,
  StreamFailedError,
  StreamInterruptedError,
  StreamTruncatedError
} from "./StreamErrors.ts"
import type {
  ConnectionPoolTimeoutError,
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
 * The host could not be reached, or the connection broke.
 *
 * @category models
 * @since 0.1.0
 */
export type NetworkError =
  | DnsError
  | ConnectionRefusedError
  | ConnectionLostError
  | TlsError
  | RedirectError
  | GatewayRefusedError

/**
 * The account may not make the call, or not at present.
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
 * The request is invalid.
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
 * The host failed, or its response cannot be used.
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
 * The errors of any call over HTTP. `CassetteMissError` occurs only in tests
 * that replay recorded traffic.
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
  | ConnectionPoolTimeoutError
  | TotalTimeoutError
  | ResponseTooLargeError
  | CassetteMissError

/**
 * The errors of a request that calls no model.
 *
 * @category models
 * @since 0.1.0
 */
export type HostRequestError = CallError | UnsupportedOperationError | ClientClosedError

/**
 * The errors of a request that names no model and contains no messages. An
 * invalid request of this kind is always `InvalidRequestError`.
 *
 * @category models
 * @since 0.1.0
 */
export type HostApiError = Exclude<HostRequestError, Exclude<ValidationError, InvalidRequestError>>

/**
 * Admission refused the call because of the account's limits; nothing was sent.
 * The errors of a host stand for a call whose deadline ends before the host would
 * accept it.
 *
 * @category models
 * @since 0.1.0
 */
export type AdmissionError =
  | AdmissionTimeoutError
  | AdmissionQueueFullError
  | AdmissionLimitError
  | RateLimitError
  | DailyLimitError
  | OverloadedError

/**
 * The budget refused the call; nothing was sent.
 *
 * @category models
 * @since 0.1.0
 */
export type BudgetError = BudgetExceededError | UnknownPriceError | BudgetStoreError

/**
 * The errors of `chat`.
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
  | ClientClosedError
  | DeadlineExceededError
  | EmptyResponseError
  | MalformedOutputError
  | ReasoningBudgetExhaustedError
  | ToolArgumentsTooLargeError

/**
 * The errors of `stream`.
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
 * The errors of `models`.
 *
 * @category models
 * @since 0.1.0
 */
export type ModelsError = HostApiError

/**
 * The errors of `balance`.
 *
 * @category models
 * @since 0.1.0
 */
export type BalanceError = HostApiError

/**
 * The errors of `estimateTokens`.
 *
 * @category models
 * @since 0.1.0
 */
export type EstimateTokensError = HostRequestError

/**
 * The errors of a list of files.
 *
 * @category models
 * @since 0.1.0
 */
export type FileListError = HostApiError

/**
 * The errors of requests for one file, by its id. `IdleTimeoutError` occurs only
 * when its content is read.
 *
 * @category models
 * @since 0.1.0
 */
export type FileError = HostApiError | FileNotFoundError | IdleTimeoutError

/**
 * The errors of an upload.
 *
 * @category models
 * @since 0.1.0
 */
export type FileUploadError =
  | HostApiError
  | RequestTooLargeError
  | UnsupportedMediaError
  | FileLimitError
  | IdleTimeoutError

/**
 * The errors of a wait until the host has processed a file.
 *
 * @category models
 * @since 0.1.0
 */
export type FileReadyError = FileError | FileProcessingError

/**
 * The errors of an image or a video that is fetched from a URL.
 *
 * @category models
 * @since 0.1.0
 */
export type FetchMediaError =
  | MediaFetchError
  | UnsupportedMediaError
  | ResponseTooLargeError
  | TotalTimeoutError
  | InvalidRequestError
