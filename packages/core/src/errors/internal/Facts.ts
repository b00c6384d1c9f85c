/**
 * The columns of the table of errors.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"

/**
 * The family of an error.
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
  | "tool"
  | "agent"
  | "swarm"
  | "journal"
  | "batch"
  | "testing"

/**
 * How serious an error is: `info` is expected in normal operation, `critical`
 * fails every further call until an operator acts.
 *
 * @category models
 * @since 0.1.0
 */
export type Severity = "info" | "warning" | "error" | "critical"

/**
 * How a circuit breaker counts an error: `failure` counts against the host,
 * `ignored` is no evidence of the host's health.
 *
 * @category models
 * @since 0.1.0
 */
export type BreakerOutcome = "failure" | "ignored"

/**
 * Whether the host may charge for the attempt: `none` when nothing was
 * generated, `possible` when the request was sent and no complete response
 * arrived.
 *
 * @category models
 * @since 0.1.0
 */
export type Billing = "none" | "possible"

/**
 * The fallback steps that may succeed after an error: those at another account
 * (another host or another key), those with another account or another model,
 * those whose model has a larger window, or none.
 *
 * @category models
 * @since 0.1.0
 */
export type FallbackTarget = "other account" | "other account or model" | "larger window" | "none"

/**
 * Whose call an error concerns when several equal calls share one request:
 * `shared` errors go to all of them, `caller` errors only to the call that
 * started the request, and the others start another one.
 *
 * @category models
 * @since 0.1.0
 */
export type Scope = "shared" | "caller"

/**
 * The operations that can fail with an error: `all` calls of a host, calls
 * that send a `model` request (chat, streams, token estimates), only a
 * `stream`, or `other` operations, which are neither chat nor streams.
 *
 * @category models
 * @since 0.1.0
 */
export type Operations = "all" | "model" | "stream" | "other"

/**
 * The level at which a failed call is logged.
 *
 * @category models
 * @since 0.1.0
 */
export type FailureLogLevel = "Warn" | "Error"

/**
 * The next step after an error, as data that a handler can execute.
 *
 * @category models
 * @since 0.1.0
 */
export type Recovery =
  /** Send the same request again, not before `after` has passed when it is given. */
  | { readonly _tag: "RetryAfter"; readonly after?: Duration.Duration }
  /** Wait until the account's quota is available again, for at least `after` when it is given. */
  | { readonly _tag: "WaitForQuota"; readonly after?: Duration.Duration }
  /** Change the request or the configuration; `parameter` names the member when it is known. */
  | { readonly _tag: "FixRequest"; readonly parameter?: string }
  /** Send fewer tokens; `limit` is the model's window when it is known. */
  | { readonly _tag: "ShortenContext"; readonly limit?: number }
  /** Use another API key. */
  | { readonly _tag: "RotateKey" }
  /** Use another model; `model` is the successor when it is known. */
  | { readonly _tag: "SwitchModel"; readonly model?: string }
  /** Use another host. */
  | { readonly _tag: "FailOver" }
  /** Pay money into the account. */
  | { readonly _tag: "TopUp" }
  /** No step that a program can take. */
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
  /** Whether the same request may succeed when it is sent again. */
  readonly isRetryable: boolean
  readonly breaker: BreakerOutcome
  readonly billing: Billing
  readonly fallback: FallbackTarget
  readonly scope: Scope
  readonly operations: Operations
  readonly recovery: Recovery["_tag"]
  /** What to change, in one sentence. */
  readonly hint: string
  /** The level of a failed call in the log. Derived from category and severity. */
  readonly logLevel: FailureLogLevel
  /**
   * Whether a component that fails with it may recover without an operator.
   * Derived from category, retry and recovery.
   */
  readonly isTransient: boolean
}
