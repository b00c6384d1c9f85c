/**
 * The record of a call that has ended, for logs and audits. It holds no prompt,
 * no response and no key.
 *
 * @since 0.1.0
 */
import type { Priority } from "../CallOptions.ts"
import type { Category, Severity, Tag } from "../errors/ErrorFacts.ts"
import type { CacheStatus } from "../models/CacheStatus.ts"
import type { Usage } from "../models/Usage.ts"
import type { Tags } from "../money/internal/BudgetCaps.ts"
import type { Cost } from "../money/Cost.ts"

/**
 * The operation that was called: a whole response, or a stream of events.
 *
 * @category models
 * @since 0.1.0
 */
export type Operation = "chat" | "stream"

/**
 * How a call ended: with a complete response (`ok`), with an error (its tag), by
 * interruption, or with a defect.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome = "ok" | "interrupted" | "defect" | Tag

/**
 * How a stream ended: with its last event (`complete`), with an error before
 * (`failed`) or after (`broken`) its first content, or by interruption.
 *
 * @category models
 * @since 0.1.0
 */
export type StreamEnd = "complete" | "failed" | "broken" | "interrupted"

/**
 * The facts of an error that are safe to show anywhere.
 *
 * @category models
 * @since 0.1.0
 */
export interface ErrorSummary {
  readonly tag: Tag
  readonly category: Category
  readonly severity: Severity
  /** One sentence; text from the host in it is redacted and truncated. */
  readonly message: string
  /** What to change, in one sentence. */
  readonly hint: string
}

/**
 * A call that has ended. Durations are in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface CallRecord {
  readonly operation: Operation
  /** Unix milliseconds. */
  readonly startedAt: number
  /** From the call to its end, which for a stream is its last event. */
  readonly duration: number
  /** The provider id of the host that responded, or else of the one that was called last. */
  readonly provider: string
  /** The account of that host. */
  readonly account: string
  /** The requested model. */
  readonly requestModel: string
  /** The model as the host named it. */
  readonly responseModel?: string
  readonly outcome: Outcome
  /** Present when `outcome` is the tag of an error. */
  readonly error?: ErrorSummary
  /** Why the model stopped, in the first choice. */
  readonly finishReason?: string
  /** The host's request id. */
  readonly requestId?: string
  /** The host's trace id. */
  readonly hostTraceId?: string
  /** The trace that the call's span belongs to. */
  readonly traceId?: string
  /** The call's span. */
  readonly spanId?: string
  /** Tokens of the response. A cached one has those of the original call. */
  readonly usage?: Usage
  /**
   * The total cost of all attempts. Absent when a price is unknown, when nothing
   * was charged, and when two hosts charged in different currencies.
   */
  readonly cost?: Cost
  /** Whether a part of the cost is estimated, because a host did not report its usage. */
  readonly isEstimate: boolean
  /** The cache level that the response came from; absent when a host was called. */
  readonly cached?: CacheStatus["level"]
  /** Requests to hosts: 0 for a cached response. */
  readonly attempts: number
  /** Attempts that followed a failed one at the same host. */
  readonly retries: number
  /** Time that all attempts waited for admission. */
  readonly admissionWait: number
  /** From the call to its first content. Streams only. */
  readonly timeToFirstToken?: number
  /** Streams only. */
  readonly streamEnd?: StreamEnd
  /** The tenant, job and agent of the call. */
  readonly tags: Tags
  readonly priority: Priority
}
