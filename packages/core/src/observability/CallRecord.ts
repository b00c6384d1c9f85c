/**
 * What is known of one call when it has ended: one plain value for whoever
 * writes calls down, such as logs and audits. It holds no prompt, no answer
 * and no key.
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
 * How a call was made: for a whole answer, or for a stream of events.
 *
 * @category models
 * @since 0.1.0
 */
export type Operation = "chat" | "stream"

/**
 * How a call ended: with a complete answer, with an error, because its caller
 * left, or with a defect of a program.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome = "ok" | "interrupted" | "defect" | Tag

/**
 * How a stream ended: with its last event, by an error before or after its
 * first content, or because its consumer left.
 *
 * @category models
 * @since 0.1.0
 */
export type StreamEnd = "complete" | "failed" | "broken" | "interrupted"

/**
 * What may be said of an error everywhere.
 *
 * @category models
 * @since 0.1.0
 */
export interface ErrorSummary {
  readonly tag: Tag
  readonly category: Category
  readonly severity: Severity
  /** One sentence; text of the host in it is scrubbed and cut. */
  readonly message: string
}

/**
 * One call that has ended. Durations are in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface CallRecord {
  readonly operation: Operation
  /** Unix milliseconds. */
  readonly startedAt: number
  /** From the call to its end; that of a stream is its last event. */
  readonly duration: number
  /** The host that answered, or else the one that was asked last, by the id of its provider description. */
  readonly provider: string
  /** The account of that host. */
  readonly account: string
  /** The model that was asked for. */
  readonly requestModel: string
  /** The model as the host named it. */
  readonly responseModel?: string
  readonly outcome: Outcome
  /** Present when `outcome` is the tag of an error. */
  readonly error?: ErrorSummary
  /** Why the model stopped, in the first choice. */
  readonly finishReason?: string
  /** The host's request id, for its support. */
  readonly requestId?: string
  /** The host's trace id. */
  readonly hostTraceId?: string
  /** The trace that the call's span belongs to. */
  readonly traceId?: string
  /** The call's span. */
  readonly spanId?: string
  /** Tokens of the answer; those of a cached one are of the call that was paid for. */
  readonly usage?: Usage
  /**
   * What all attempts cost together. Absent where a price is not known, which
   * is not the same as free, where nothing was charged, and where two hosts
   * charged in different currencies.
   */
  readonly cost?: Cost
  /** Whether a part of the cost is a guess, because a host did not say what it used. */
  readonly isEstimate: boolean
  /** Where the answer came from, when the host was not asked for it. */
  readonly cached?: CacheStatus["level"]
  /** Times that a host was asked: none for a cached answer. */
  readonly attempts: number
  /** Attempts that followed a failed one at the same host. */
  readonly retries: number
  /** Time that all attempts waited for their admission. */
  readonly admissionWait: number
  /** From the call to its first content. Only of streams. */
  readonly timeToFirstToken?: number
  /** Only of streams. */
  readonly streamEnd?: StreamEnd
  /** For whom the call was made. */
  readonly tags: Tags
  readonly priority: Priority
}
