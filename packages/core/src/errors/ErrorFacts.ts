/**
 * The table of errors: one row per tag, with every fact that depends on the tag.
 *
 * Stages, health checks and loggers read these columns and never list tags
 * themselves, so that the behavior of an error is defined in one place.
 *
 * @since 0.1.0
 */
import type {
  Billing,
  BreakerOutcome,
  Category,
  Facts,
  FallbackTarget,
  Operations,
  Recovery,
  Scope,
  Severity
} from "./internal/Facts.ts"

export type {
  Billing,
  BreakerOutcome,
  Category,
  Facts,
  FailureLogLevel,
  FallbackTarget,
  Operations,
  Recovery,
  Scope,
  Severity
} from "./internal/Facts.ts"

/** Recoveries that an operator has to carry out. */
const manualRecoveries: ReadonlySet<Recovery["_tag"]> = new Set(["FixRequest", "RotateKey", "SwitchModel", "TopUp"])

const row = (
  category: Category,
  severity: Severity,
  retry: "retry" | "final",
  breaker: BreakerOutcome,
  billing: Billing,
  fallback: FallbackTarget,
  scope: Scope,
  operations: Operations,
  recovery: Recovery["_tag"],
  hint: string
): Facts => ({
  category,
  severity,
  isRetryable: retry === "retry",
  breaker,
  billing,
  fallback,
  scope,
  operations,
  recovery,
  hint,
  // A refused request has to be corrected by the caller and is no failure of the service.
  logLevel: category !== "validation" && (severity === "error" || severity === "critical") ? "Error" : "Warn",
  isTransient: retry === "retry" || category === "timeout" || !manualRecoveries.has(recovery)
})

/**
 * The facts of every tag. A tag without a class, or a class without a row, does
 * not compile (`KimiError.classes`).
 *
 * Why some rows are as they are: another account is no remedy for a wrong key,
 * because it would hide the key that has to be corrected; whether another host
 * may be sent what one host has filtered is the application's decision; and
 * limits of the caller (deadline, budget, sizes) apply at every host.
 *
 * @category models
 * @since 0.1.0
 */
// prettier-ignore
export const table = {
  //                                 category          severity    retry    breaker    billing     fallback                  scope     operations recovery          hint
  DnsError:                      row("network",        "error",    "retry", "failure", "none",     "other account",          "shared", "all",     "FailOver",       "Check the host name of the base URL, or of the proxy if the message names one, and the DNS settings of this machine."),
  ConnectionRefusedError:        row("network",        "error",    "retry", "failure", "none",     "other account",          "shared", "all",     "FailOver",       "Check that the host is up and that the port of the base URL is right; if the message names a proxy, check the address of the proxy first."),
  ConnectionLostError:           row("network",        "warning",  "retry", "failure", "possible", "other account",          "shared", "all",     "RetryAfter",     "Send the request again; check the network and proxies if it repeats. The host may have billed the lost attempt."),
  TlsError:                      row("network",        "critical", "final", "failure", "none",     "other account",          "shared", "all",     "FixRequest",     "Check the certificate chain and the system clock; a proxy may be intercepting TLS."),
  RedirectError:                 row("network",        "error",    "final", "ignored", "none",     "other account",          "shared", "all",     "FixRequest",     "Set the base URL to the redirect's target; redirects are not followed, because they would carry the key."),
  GatewayRefusedError:           row("network",        "error",    "final", "ignored", "none",     "other account",          "shared", "all",     "FixRequest",     "Check the firewall, gateway or proxy between this program and the host: its rules for this address, the option proxy with its credentials, and the base URL."),

  ConnectTimeoutError:           row("timeout",        "warning",  "retry", "failure", "none",     "other account",          "shared", "all",     "RetryAfter",     "Raise the connect timeout, or check the network route to the host, and the proxy if the message names one."),
  ConnectionPoolTimeoutError:    row("timeout",        "warning",  "retry", "ignored", "none",     "other account",          "shared", "all",     "RetryAfter",     "Raise maxConnections, make fewer calls at the same time (maxConcurrency), or close streams that are no longer read."),
  FirstTokenTimeoutError:        row("timeout",        "warning",  "retry", "failure", "possible", "other account",          "shared", "stream",  "RetryAfter",     "Raise the first-token timeout, lower the reasoning effort, or shorten the prompt."),
  IdleTimeoutError:              row("timeout",        "warning",  "retry", "failure", "possible", "other account",          "shared", "stream",  "RetryAfter",     "Raise the idle timeout, or send the request again."),
  TotalTimeoutError:             row("timeout",        "warning",  "retry", "failure", "possible", "other account",          "shared", "all",     "RetryAfter",     "Raise the total timeout, lower max_completion_tokens, or stream the response."),
  DeadlineExceededError:         row("timeout",        "warning",  "final", "ignored", "possible", "none",                   "shared", "model",   "FixRequest",     "Raise the deadline of the call, or lower max_completion_tokens."),

  AuthenticationError:           row("authentication", "critical", "final", "ignored", "none",     "none",                   "shared", "all",     "RotateKey",      "Check the key and that it belongs to this host: keys of the global and the China host are separate."),
  PermissionDeniedError:         row("authentication", "critical", "final", "ignored", "none",     "none",                   "shared", "all",     "FixRequest",     "Have this API enabled for the account by the host, or use another account."),
  IpNotAllowedError:             row("authentication", "critical", "final", "ignored", "none",     "none",                   "shared", "all",     "FixRequest",     "Add this machine's address to the organization's allow-list, or call from an address on the list."),

  RateLimitError:                row("rate limit",     "info",     "retry", "ignored", "none",     "other account",          "shared", "all",     "RetryAfter",     "Lower the request rate; wait at least as long as retryAfter and increase the wait on each refusal."),
  DailyLimitError:               row("rate limit",     "error",    "final", "ignored", "none",     "other account",          "shared", "all",     "WaitForQuota",   "Wait until the limit of the day or other period resets, or raise the account's tier."),
  OverloadedError:               row("rate limit",     "warning",  "retry", "failure", "none",     "other account",          "shared", "all",     "RetryAfter",     "Lower the concurrency and retry later; a higher tier does not help against an overloaded host."),
  QuotaExceededError:            row("quota",          "critical", "final", "ignored", "none",     "other account",          "shared", "all",     "TopUp",          "Top up the account or settle its suspension; retrying does not help."),

  InvalidRequestError:           row("validation",     "error",    "final", "ignored", "none",     "none",                   "shared", "all",     "FixRequest",     "Change the request as the message describes; the same request fails again."),
  UnsupportedParameterError:     row("validation",     "error",    "final", "ignored", "none",     "none",                   "shared", "model",   "FixRequest",     "Leave the parameter out, or set it to a value that the model allows."),
  ContextLengthError:            row("validation",     "error",    "final", "ignored", "none",     "larger window",          "shared", "model",   "ShortenContext", "Shorten the conversation, lower max_completion_tokens, or use a model with a larger window."),
  ModelNotFoundError:            row("validation",     "error",    "final", "ignored", "none",     "other account or model", "shared", "model",   "SwitchModel",    "List the models available to this key with KimiClient.models and use one of them."),
  ModelRetiredError:             row("validation",     "error",    "final", "ignored", "none",     "other account or model", "shared", "model",   "SwitchModel",    "Use the successor of this model, or a host that still serves it."),
  ContentFilterError:            row("validation",     "warning",  "final", "ignored", "possible", "none",                   "shared", "model",   "None",           "Rephrase the content that the host refused."),
  RequestTooLargeError:          row("validation",     "error",    "final", "ignored", "none",     "none",                   "shared", "model",   "FixRequest",     "Send less: upload images and videos with Files (@kimi-effect/client/files) and refer to them by ms:// ids."),
  UnsupportedMediaError:         row("validation",     "error",    "final", "ignored", "none",     "none",                   "shared", "model",   "FixRequest",     "Pass media as a data: URL or an uploaded file, in a format that the model supports; Media (@kimi-effect/client/files) makes both."),
  ToolSchemaError:               row("validation",     "error",    "final", "ignored", "none",     "none",                   "shared", "model",   "FixRequest",     "Change the schema to what Moonshot-flavored JSON Schema can express; one invalid schema fails the whole request."),
  ToolHistoryError:              row("validation",     "error",    "final", "ignored", "none",     "none",                   "shared", "model",   "FixRequest",     "Answer every tool call with exactly one tool message that has its id, before any other message."),
  MissingReasoningError:         row("validation",     "error",    "final", "ignored", "none",     "none",                   "shared", "model",   "FixRequest",     "Send the assistant message back with its reasoning_content unchanged while thinking is enabled."),
  EmptyMessageError:             row("validation",     "error",    "final", "ignored", "none",     "none",                   "shared", "model",   "FixRequest",     "Give every message some content, or leave the message out."),

  UnsupportedOperationError:     row("validation",     "error",    "final", "ignored", "none",     "none",                   "shared", "other",   "FailOver",       "Use a host that offers the operation."),

  ServerError:                   row("provider",       "warning",  "retry", "failure", "none",     "other account",          "shared", "all",     "RetryAfter",     "Send the request again; contact the host's support with the request id if it repeats."),
  ServiceUnavailableError:       row("provider",       "warning",  "retry", "failure", "none",     "other account",          "shared", "all",     "FailOver",       "Send the request again later, or use another host."),
  GatewayTimeoutError:           row("provider",       "warning",  "retry", "failure", "possible", "other account",          "shared", "all",     "RetryAfter",     "Stream long responses, or lower max_completion_tokens: the gateway timed out while waiting for the model."),
  InvalidResponseError:          row("provider",       "error",    "retry", "failure", "possible", "other account",          "shared", "all",     "FailOver",       "Check the base URL and any proxy in front of the host: the response is not in the API's format."),
  EmptyResponseError:            row("provider",       "warning",  "retry", "failure", "possible", "other account",          "shared", "model",   "RetryAfter",     "Send the request again; the model returned neither text nor tool calls."),
  ReasoningBudgetExhaustedError: row("provider",       "warning",  "final", "ignored", "possible", "none",                   "shared", "model",   "FixRequest",     "Raise max_completion_tokens: reasoning and response share it, and reasoning used all of it."),
  MalformedOutputError:          row("provider",       "warning",  "final", "ignored", "possible", "none",                   "shared", "model",   "FixRequest",     "Read the text in `partial`, set the option `markup`, or use a host that parses the model's output."),
  RequestCancelledError:         row("provider",       "info",     "retry", "ignored", "possible", "other account",          "shared", "all",     "RetryAfter",     "Send the request again if the response is still needed: the host recorded it as cancelled (499)."),
  StructuredOutputError:         row("provider",       "warning",  "final", "ignored", "possible", "none",                   "shared", "other",   "FixRequest",     "Simplify the schema, raise max_completion_tokens, or allow more repair rounds."),

  StreamTruncatedError:          row("stream",         "warning",  "retry", "failure", "possible", "other account",          "shared", "stream",  "RetryAfter",     "Send the request again, or continue from the partial response: the stream ended without its end marker."),
  StreamInterruptedError:        row("stream",         "warning",  "retry", "failure", "possible", "other account",          "shared", "stream",  "RetryAfter",     "Send the request again, or continue from the partial response: the connection broke in the middle of the stream."),
  StreamDecodeError:             row("stream",         "error",    "retry", "failure", "possible", "other account",          "shared", "stream",  "RetryAfter",     "Send the request again; if it repeats, check for a gateway that rewrites the stream."),
  StreamFailedError:             row("stream",         "warning",  "retry", "failure", "possible", "other account",          "shared", "stream",  "RetryAfter",     "Send the request again: the host reported an error in the middle of the stream."),

  CircuitOpenError:              row("resilience",     "warning",  "final", "ignored", "none",     "other account",          "shared", "model",   "FailOver",       "Wait for retryAfter, or use another host: the circuit is open because too many attempts failed."),
  ClientClosedError:             row("resilience",     "error",    "final", "ignored", "none",     "none",                   "shared", "all",     "FixRequest",     "Keep the call inside the scope of the client's layer, or use a ManagedRuntime."),
  AdmissionTimeoutError:         row("resilience",     "warning",  "final", "ignored", "none",     "other account",          "shared", "model",   "WaitForQuota",   "Send fewer calls, raise the account's tier, or allow a longer wait for admission."),
  AdmissionQueueFullError:       row("resilience",     "warning",  "final", "ignored", "none",     "other account",          "shared", "model",   "WaitForQuota",   "Send fewer calls at the same time, or allow a longer admission queue."),
  AdmissionLimitError:           row("resilience",     "error",    "final", "ignored", "none",     "other account",          "shared", "model",   "FixRequest",     "Shorten the prompt or lower max_completion_tokens: the host counts both against the account's limit."),

  CacheMissError:                row("cache",          "info",     "final", "ignored", "none",     "none",                   "shared", "model",   "None",           "Allow the call to reach the host, or fill the cache first."),
  CacheStoreError:               row("cache",          "warning",  "final", "ignored", "none",     "none",                   "shared", "other",   "None",           "Check that the cache store is reachable, writable and not full; calls continue without it."),

  BudgetExceededError:           row("money",          "error",    "final", "ignored", "none",     "none",                   "caller", "model",   "WaitForQuota",   "Raise the cap, set or lower max_completion_tokens, configure defaultOutputTokens, or wait until running calls have settled."),
  UnknownPriceError:             row("money",          "error",    "final", "ignored", "none",     "none",                   "caller", "model",   "FixRequest",     "Configure the model's price, or allow calls without a known price in this budget."),
  BudgetStoreError:              row("money",          "error",    "final", "ignored", "none",     "none",                   "shared", "model",   "None",           "Check that the budget store is reachable, writable and not full; capped calls are refused until it is."),

  ConfigurationError:            row("configuration",  "critical", "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Set the named options to the expected form."),

  ResponseTooLargeError:         row("resource",       "error",    "final", "ignored", "possible", "none",                   "shared", "all",     "FixRequest",     "Raise maxResponseBytes, or maxContentBytes for what is held in memory, if responses of that size are expected."),
  EventTooLargeError:            row("resource",       "error",    "final", "ignored", "possible", "none",                   "shared", "stream",  "FixRequest",     "Raise the event size limit if stream events of that size are expected."),
  ToolArgumentsTooLargeError:    row("resource",       "error",    "final", "ignored", "possible", "none",                   "shared", "model",   "FixRequest",     "Raise the tool-argument size limit if arguments of that size are expected."),

  ToolNotFoundError:             row("tool",           "warning",  "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Add the tool to the toolkit, or name the available tools in the prompt."),
  ToolArgumentsError:            row("tool",           "warning",  "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Describe the tool's parameters more precisely, or return the decoding error to the model."),
  ToolExecutionError:            row("tool",           "error",    "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Correct the tool's handler, or return its failures to the model."),
  ToolTimeoutError:              row("tool",           "warning",  "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Raise the tool's timeout, or make its handler return earlier."),
  ToolApprovalRequiredError:     row("tool",           "info",     "final", "ignored", "none",     "none",                   "shared", "other",   "None",           "Approve or reject the tool call, then resume the run."),

  StepLimitError:                row("agent",          "warning",  "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Raise the step limit, or give the agent a smaller task."),
  ToolCallLimitError:            row("agent",          "warning",  "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Raise the limit on tool calls, or give the agent a smaller task."),
  TokenLimitError:               row("agent",          "warning",  "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Raise the token limit of the run, or shorten its prompts and tool results."),
  RepeatedToolCallError:         row("agent",          "warning",  "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Correct the tool result that the model does not accept, or raise the limit on repeated calls."),
  NoProgressError:               row("agent",          "warning",  "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Correct the tools whose results do not help the model, or raise the limit on steps without progress."),

  AgentLimitError:               row("swarm",          "warning",  "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Raise the limit on agents, or split the task into fewer parts."),
  DepthLimitError:               row("swarm",          "warning",  "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Raise the depth limit if sub-agents are meant to create sub-agents."),
  InvalidPlanError:              row("swarm",          "error",    "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Remove the cycle, or correct the agent id that the message names."),
  UnknownAgentError:             row("swarm",          "warning",  "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Create the sub-agent before assigning a task to it."),
  SwarmSuspendedError:           row("swarm",          "error",    "final", "ignored", "none",     "none",                   "shared", "other",   "WaitForQuota",   "Top up the account or wait for its quota, then resume the swarm by its id."),

  JournalMismatchError:          row("journal",        "error",    "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Resume with the program and options of the first run, or start a new run."),
  UncertainToolResultError:      row("journal",        "error",    "final", "ignored", "none",     "none",                   "shared", "other",   "None",           "Check whether the tool took effect, then resume with its result or with permission to run it again."),
  JournalStoreError:             row("journal",        "error",    "final", "ignored", "none",     "none",                   "shared", "other",   "None",           "Check that the journal's store is reachable, writable and not full, then resume."),
  LeaseLostError:                row("journal",        "warning",  "final", "ignored", "none",     "none",                   "shared", "other",   "None",           "Let the worker that took over continue, or raise the lease if workers pause for longer."),

  FileNotFoundError:             row("validation",     "error",    "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Upload the file again, with the account that uses it."),
  FileLimitError:                row("validation",     "error",    "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Delete files that are no longer needed, for example with Files.deleteAll, then upload again."),
  MediaFetchError:               row("network",        "error",    "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Check the URL, or load the image or video in the program and pass its bytes."),
  FileProcessingError:           row("provider",       "error",    "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Upload the file in another format, or check that it is not damaged or protected by a password."),

  InvalidBatchRowError:          row("batch",          "warning",  "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Correct the row at the line that the error names and run the rejected rows again."),
  InvalidBatchError:             row("batch",          "error",    "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Correct the rows at the lines that the error lists and submit the batch again."),
  BatchInputChangedError:        row("batch",          "error",    "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Restore the input file, or start a new job with another output file."),
  BatchOptionsChangedError:      row("batch",          "error",    "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Restore the options that the error names, or start a new job with another output file."),
  BatchNotFoundError:            row("batch",          "error",    "final", "ignored", "none",     "none",                   "shared", "other",   "FixRequest",     "Check that the key and the base URL are those of the account that created the batch; if the host has lost it, forget the batch, which checks that, and run the job again, which sends the rows again."),
  BatchExpiredError:             row("batch",          "error",    "final", "ignored", "possible", "none",                   "shared", "other",   "FixRequest",     "Submit the expired rows again, with a longer completion window if the host offers one."),
  BatchFailedError:              row("batch",          "error",    "final", "ignored", "possible", "none",                   "shared", "other",   "FixRequest",     "Correct the rows that the error lists, or that the host's error file names, and submit the batch again."),
  BatchJobLockedError:           row("batch",          "warning",  "final", "ignored", "none",     "none",                   "shared", "other",   "None",           "Wait until the other process has finished, or stop it, before resuming this job."),

  CassetteMissError:             row("testing",        "error",    "final", "ignored", "none",     "none",                   "shared", "all",     "FixRequest",     "Record the exchange with KIMI_CASSETTE_MODE=auto, or exclude the differing members from matching.")
} as const satisfies Record<string, Facts>

/**
 * A tag that has a row in the table.
 *
 * @category models
 * @since 0.1.0
 */
export type Tag = keyof typeof table
