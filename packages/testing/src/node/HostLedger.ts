/**
 * The ledger of a `MockServer`: what was requested, answered and billed.
 *
 * @since 0.1.0
 */

/**
 * Billed tokens, with the names of the wire. Cached tokens are part of the
 * prompt, and reasoning is part of the completion.
 *
 * @category models
 * @since 0.1.0
 */
export interface BilledTokens {
  readonly prompt_tokens: number
  readonly cached_tokens: number
  readonly completion_tokens: number
}

/**
 * One request in the ledger.
 *
 * **Details**
 *
 * The outcome is `open` until the response has ended, then `answered` for a
 * response with status 200 that was sent in full, `rejected` for one with another
 * status, and `broken` when the response ended early: by a fault, or because the
 * client disconnected.
 *
 * As at Kimi, a response with status 200 is billed with its usage, and others are
 * not billed. A stream that ended early is billed with its prompt and with one
 * token for each event that was sent with reasoning, content or a tool call.
 *
 * @category models
 * @since 0.1.0
 */
export interface LedgerEntry {
  /** Method and path: `POST /v1/chat/completions`. */
  readonly route: string
  /** The requested model, when the request names one. */
  readonly model: string | undefined
  /** The status, once the head of the response was sent. */
  readonly status: number | undefined
  readonly outcome: "open" | "answered" | "rejected" | "broken"
  readonly billed: BilledTokens
}

/**
 * A batch in the ledger. Its lines are billed with their usage, at the price of
 * chat completions times `priceFactor`.
 *
 * @category models
 * @since 0.1.0
 */
export interface BatchEntry {
  readonly id: string
  /** The model of its lines, once the host has validated them. */
  readonly model: string | undefined
  readonly status: string
  /** The sum over the lines that were answered. */
  readonly billed: BilledTokens
  /** 0.6 at Moonshot. */
  readonly priceFactor: number
}

/**
 * The ledger of a server since its start or its last reset.
 *
 * @category models
 * @since 0.1.0
 */
export interface HostLedger {
  /** The number of requests. */
  readonly requested: number
  /** The number of requests whose outcome is `answered`. */
  readonly answered: number
  /** The sum over all requests. The lines of batches are in `batches`. */
  readonly billed: BilledTokens
  /** Every batch, oldest first. */
  readonly batches: ReadonlyArray<BatchEntry>
  /** The latest requests, oldest first; as many as `maxRecordedRequests`. */
  readonly entries: ReadonlyArray<LedgerEntry>
}
