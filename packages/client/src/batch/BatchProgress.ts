/**
 * How far a batch is.
 *
 * @since 0.1.0
 */
import type { RowError } from "./BatchResponse.ts"
import type { Currency } from "./internal/CostSums.ts"

/**
 * Why a batch ended before its last row: too many rows failed, its cost or its
 * time reached the limit, or a row failed with an error that every other row
 * would fail with: `error`, whose tag is `tag`. The `amount` of a cost is what the
 * batch has spent so far, also on rows that were running when it reached the limit.
 *
 * @category models
 * @since 0.1.0
 */
export type StopReason =
  | { readonly _tag: "ErrorRate"; readonly rate: number }
  | { readonly _tag: "Cost"; readonly currency: Currency; readonly amount: number }
  | { readonly _tag: "Deadline" }
  | { readonly _tag: "Error"; readonly tag: RowError["_tag"]; readonly error: RowError }

/**
 * Counts of a batch so far. Amounts are the numbers nearest to the exact sums, for
 * display: the outcomes have the exact ones.
 *
 * @category models
 * @since 0.1.0
 */
export interface BatchProgress {
  /**
   * Rows with an outcome, the failed and cached ones included. Those of a job do not
   * include rows whose error stops it: they have no line, and run when it continues.
   */
  readonly done: number
  /** Rows of `done` that failed. */
  readonly failed: number
  readonly cached: number
  /** Rows of the input, if the option `total` or an array contains it. */
  readonly total: number | undefined
  /** Milliseconds since the start. */
  readonly elapsed: number
  /** Outcomes per second since the start. */
  readonly rowsPerSecond: number
  /**
   * Milliseconds until the last row at this rate; absent without `total`, before the
   * first outcome, and when the batch was stopped or has ended before its last row.
   */
  readonly remaining: number | undefined
  /** Tokens of the rows that were requested from the host, also of those that failed, as far as it reported them. */
  readonly promptTokens: number
  readonly completionTokens: number
  /** The cost by currency. */
  readonly cost: { readonly [Name in Currency]?: number }
  /** Rows whose cost is not known. */
  readonly unknownCosts: number
  /** Whether this is the last report. */
  readonly isFinal: boolean
  /** Present when the batch was stopped. */
  readonly stopped: StopReason | undefined
}
