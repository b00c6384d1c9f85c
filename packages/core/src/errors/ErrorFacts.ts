/**
 * What every error of the library means: one table, one row a tag.
 *
 * Stages and callers ask an error nothing but these facts: whether it may be
 * retried, what it says about the host's health, whether the attempt may have
 * been billed, and what to do about it. Deciding them here, once, keeps
 * `instanceof` ladders out of the rest of the code.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"

/**
 * The family an error belongs to.
 *
 * @category models
 * @since 0.1.0
 */
export type Category =
  | "network"
  | "timeout"
  | "authentication"
  | "rate limit"
  | "quota"
  | "validation"
  | "provider"
  | "stream"
  | "resilience"
  | "cache"
  | "money"
  | "configuration"
  | "resource"

/**
 * How loudly an error deserves to be reported: `info` is expected in normal
 * operation, `critical` stops every further call until somebody acts.
 *
 * @category models
 * @since 0.1.0
 */
export type Severity = "info" | "warning" | "error" | "critical"

/**
 * What a circuit breaker learns: `failure` speaks against the host, `ignored`
 * says nothing about its health.
 *
 * @category models
 * @since 0.1.0
 */
export type BreakerOutcome = "failure" | "ignored"

/**
 * Whether the host may charge for the attempt: `none` when nothing was
 * generated, `possible` when the request was sent and no complete answer came.
 *
 * @category models
 * @since 0.1.0
 */
export type Billing = "none" | "possible"

/**
 * The next lawful step after an error, as data that a handler can execute.
 *
 * @category models
 * @since 0.1.0
 */
export type Recovery =
  /** Send the same request again, not before `after` has passed when it is given. */
  | { readonly _tag: "RetryAfter"; readonly after?: Duration.Duration }
  /** Wait until the account's day or window has rolled over. */
  | { readonly _tag: "WaitForQuota"; readonly after?: Duration.Duration }
  /** Change the request or the configuration; `parameter` names the member when it is known. */
  | { readonly _tag: "FixRequest"; readonly parameter?: string }
  /** Send fewer tokens; `limit` is the model's window when it is known. */
  | { readonly _tag: "ShortenContext"; readonly limit?: number }
  /** Use another API key. */
  | { readonly _tag: "RotateKey" }
  /** Use another model; `model` is the successor when it is known. */
  | { readonly _tag: "SwitchModel"; readonly model?: string }
  /** Ask another host. */
  | { readonly _tag: "FailOver" }
  /** Pay money into the account. */
  | { readonly _tag: "TopUp" }
  /** Nothing helps. */
  | { readonly _tag: "None" }

/**
 * One row of the table.
 *
 * @category models
 * @since 0.1.0
 */
export interface Facts {
  readonly category: Category
  readonly severity: Severity
  readonly isRetryable: boolean
  readonly breaker: BreakerOutcome
  readonly billing: Billing
  readonly recovery: Recovery["_tag"]
  /** One sentence for the person who reads the error. */
  readonly hint: string
}

const row = (
  category: Category,
  severity: Severity,
  retry: "retry" | "final",
  breaker: BreakerOutcome,
  billing: Billing,
  recovery: Recovery["_tag"],
  hint: string
): Facts => ({ category, severity, isRetryable: retry === "retry", breaker, billing, recovery, hint })

/**
 * The facts of every tag. `KimiError` checks that no tag is missing.
 *
 * @category models
 * @since 0.1.0
 */
// prettier-ignore
export const table = {
  DnsError: row("network", "error", "retry", "failure", "none", "FailOver", "Check the host name of the base URL and this machine's DNS."),
  ConnectionRefusedError: row("network", "error", "retry", "failure", "none", "FailOver", "Check that the host is up and the port of the base URL is right."),
  ConnectionLostError: row("network", "warning", "retry", "failure", "possible", "RetryAfter", "The connection broke before the answer came; the host may still have billed the call."),
  TlsError: row("network", "critical", "final", "failure", "none", "FixRequest", "Check the certificate chain and the clock; a proxy may be intercepting TLS."),
  RedirectError: row("network", "error", "final", "ignored", "none", "FixRequest", "Set the base URL to the place the host redirects to; redirects are never followed with a key."),

  ConnectTimeoutError: row("timeout", "warning", "retry", "failure", "none", "RetryAfter", "Raise the connect timeout or check the route to the host."),
  FirstTokenTimeoutError: row("timeout", "warning", "retry", "failure", "possible", "RetryAfter", "Raise the first-token timeout, lower the reasoning effort, or shorten the prompt."),
  IdleTimeoutError: row("timeout", "warning", "retry", "failure", "possible", "RetryAfter", "The stream went silent; raise the idle timeout or ask again."),
  TotalTimeoutError: row("timeout", "warning", "retry", "failure", "possible", "RetryAfter", "Raise the total timeout, lower max_completion_tokens, or stream the answer."),
  DeadlineExceededError: row("timeout", "warning", "final", "ignored", "possible", "FixRequest", "Give the call more time, or lower max_completion_tokens."),

  AuthenticationError: row("authentication", "critical", "final", "ignored", "none", "RotateKey", "Check the key and that it belongs to this host: keys of the global and the China host do not cross over."),
  PermissionDeniedError: row("authentication", "critical", "final", "ignored", "none", "FixRequest", "This account may not use that API; ask the host to open it or choose another."),
  IpNotAllowedError: row("authentication", "critical", "final", "ignored", "none", "FixRequest", "Add this machine's address to the organisation's allow-list, or call from an address that is on it."),

  RateLimitError: row("rate limit", "info", "retry", "ignored", "none", "RetryAfter", "Slow down: wait at least as long as told and keep growing the wait."),
  DailyLimitError: row("rate limit", "error", "final", "ignored", "none", "WaitForQuota", "The day's tokens are used up; wait for the next day or raise the account's tier."),
  OverloadedError: row("rate limit", "warning", "retry", "failure", "none", "RetryAfter", "The host is short of capacity; lower concurrency and wait, paying does not help."),
  QuotaExceededError: row("quota", "critical", "final", "ignored", "none", "TopUp", "The account is empty or suspended; pay into it, retrying will not help."),

  InvalidRequestError: row("validation", "error", "final", "ignored", "none", "FixRequest", "Change the request as the message says; sending it again unchanged will fail again."),
  UnsupportedParameterError: row("validation", "error", "final", "ignored", "none", "FixRequest", "Leave the parameter out or give it the value that the model allows."),
  ContextLengthError: row("validation", "error", "final", "ignored", "none", "ShortenContext", "Shorten the conversation, lower max_completion_tokens, or use a model with a larger window."),
  ModelNotFoundError: row("validation", "error", "final", "ignored", "none", "SwitchModel", "List the models that this key can use with KimiClient.models and choose one of them."),
  ModelRetiredError: row("validation", "error", "final", "ignored", "none", "SwitchModel", "This model was switched off at this host; use its successor or a host that still serves it."),
  ContentFilterError: row("validation", "warning", "final", "ignored", "possible", "None", "The host refused the content; rephrase it."),
  RequestTooLargeError: row("validation", "error", "final", "ignored", "none", "FixRequest", "Send less: upload media as files and refer to them by ms:// ids."),
  UnsupportedMediaError: row("validation", "error", "final", "ignored", "none", "FixRequest", "Give media as a data: URL or an uploaded file, in a format that the model reads."),
  ToolSchemaError: row("validation", "error", "final", "ignored", "none", "FixRequest", "Rewrite the tool's parameters in Moonshot-flavoured JSON Schema; the whole request is refused, not one tool."),
  ToolHistoryError: row("validation", "error", "final", "ignored", "none", "FixRequest", "Answer every tool call with exactly one tool message that carries its id, before any other message."),
  MissingReasoningError: row("validation", "error", "final", "ignored", "none", "FixRequest", "Send the assistant message back with its reasoning_content unchanged while thinking is on."),
  EmptyMessageError: row("validation", "error", "final", "ignored", "none", "FixRequest", "Give every message some content, or leave the message out."),

  UnsupportedOperationError: row("validation", "error", "final", "ignored", "none", "FailOver", "This host does not offer the operation; ask a host that does."),

  ServerError: row("provider", "warning", "retry", "failure", "none", "RetryAfter", "The host failed inside; ask again."),
  ServiceUnavailableError: row("provider", "warning", "retry", "failure", "none", "FailOver", "The host is not taking calls at the moment; ask again later or elsewhere."),
  GatewayTimeoutError: row("provider", "warning", "retry", "failure", "possible", "RetryAfter", "The gateway gave up waiting for the model; stream long answers instead of waiting for them whole."),
  InvalidResponseError: row("provider", "error", "retry", "failure", "possible", "FailOver", "The host answered with something that is not its API; check the base URL and what stands in between."),
  EmptyResponseError: row("provider", "warning", "retry", "failure", "possible", "RetryAfter", "The model answered nothing; ask again."),
  ReasoningBudgetExhaustedError: row("provider", "warning", "final", "ignored", "possible", "FixRequest", "Raise max_completion_tokens: reasoning and answer share it, and reasoning took all of it."),
  RequestCancelledError: row("provider", "info", "retry", "ignored", "possible", "RetryAfter", "The host saw the caller leave (499); ask again if the answer is still wanted."),

  StreamTruncatedError: row("stream", "warning", "retry", "failure", "possible", "RetryAfter", "The stream ended without its end mark, so the answer is not complete; ask again or continue from the partial answer."),
  StreamInterruptedError: row("stream", "warning", "retry", "failure", "possible", "RetryAfter", "The connection broke in the middle of the stream; ask again or continue from the partial answer."),
  StreamDecodeError: row("stream", "error", "retry", "failure", "possible", "RetryAfter", "An event of the stream could not be read; ask again, and check for a gateway that rewrites the stream."),
  StreamFailedError: row("stream", "warning", "retry", "failure", "possible", "RetryAfter", "The host reported an error in the middle of the stream; ask again."),

  CircuitOpenError: row("resilience", "warning", "final", "ignored", "none", "FailOver", "The host failed too often; wait until its circuit is probed, or ask another host."),
  AdmissionTimeoutError: row("resilience", "warning", "final", "ignored", "none", "WaitForQuota", "The account's limits are in use: send fewer calls, raise the tier, or allow a longer wait."),
  AdmissionQueueFullError: row("resilience", "warning", "final", "ignored", "none", "WaitForQuota", "Too many calls wait for the account's limits: send fewer at once, or allow a longer queue."),
  AdmissionLimitError: row("resilience", "error", "final", "ignored", "none", "FixRequest", "Shorten the prompt or lower max_completion_tokens: the host counts both together against the account's limit."),

  CacheMissError: row("cache", "info", "final", "ignored", "none", "None", "The cache has no answer to this call; let it ask the host, or fill the cache first."),
  CacheStoreError: row("cache", "warning", "final", "ignored", "none", "None", "Calls go on without the store; check that it is there, writable and not full."),

  BudgetExceededError: row("money", "error", "final", "ignored", "none", "WaitForQuota", "Raise the cap, lower max_completion_tokens, or wait until calls that run have settled."),
  UnknownPriceError: row("money", "error", "final", "ignored", "none", "FixRequest", "Give the model's price, or allow calls without a known price in this budget."),
  BudgetStoreError: row("money", "error", "final", "ignored", "none", "None", "Check the store of the budget; until it answers, no call is paid for."),

  ConfigurationError: row("configuration", "critical", "final", "ignored", "none", "FixRequest", "Set the named options to the expected form."),

  ResponseTooLargeError: row("resource", "error", "final", "ignored", "possible", "FixRequest", "Raise the response limit if an answer of that size is expected."),
  EventTooLargeError: row("resource", "error", "final", "ignored", "possible", "FixRequest", "Raise the event limit if a stream event of that size is expected."),
  ToolArgumentsTooLargeError: row("resource", "error", "final", "ignored", "possible", "FixRequest", "Raise the tool-argument limit if arguments of that size are expected.")
} as const satisfies Record<string, Facts>

/**
 * A tag that has a row in the table.
 *
 * @category models
 * @since 0.1.0
 */
export type Tag = keyof typeof table
