/**
 * The limits of accounts at hosts, as data.
 *
 * @since 0.1.0
 */

/**
 * The limits of one account. An absent limit is not known: it does not delay any
 * call until the host reports it in a refusal.
 *
 * @category models
 * @since 0.1.0
 */
export interface RateLimits {
  /** Concurrent calls; a stream counts until it ends. */
  readonly concurrency?: number | undefined
  readonly requestsPerMinute?: number | undefined
  /** Prompt tokens plus the maximum output, counted when a call begins and never refunded. */
  readonly tokensPerMinute?: number | undefined
  readonly tokensPerDay?: number | undefined
}

/**
 * The limits of Moonshot's tiers 0 to 5, by the total that an organization has
 * paid: $1, $10, $20, $100, $1,000, $3,000 (source: Moonshot's page on limits,
 * August 2026).
 *
 * @category models
 * @since 0.1.0
 */
export const tiers = [
  { concurrency: 1, requestsPerMinute: 3, tokensPerMinute: 500_000, tokensPerDay: 1_500_000 },
  { concurrency: 50, requestsPerMinute: 200, tokensPerMinute: 2_000_000 },
  { concurrency: 100, requestsPerMinute: 500, tokensPerMinute: 3_000_000 },
  { concurrency: 200, requestsPerMinute: 5_000, tokensPerMinute: 3_000_000 },
  { concurrency: 400, requestsPerMinute: 5_000, tokensPerMinute: 4_000_000 },
  { concurrency: 1_000, requestsPerMinute: 10_000, tokensPerMinute: 5_000_000 }
] as const satisfies ReadonlyArray<RateLimits>

/**
 * A fraction of the limits, each at least 1.
 *
 * @category combinators
 * @since 0.1.0
 */
export const scale = (limits: RateLimits, share: number): RateLimits => {
  const part = (limit: number | undefined) => (limit === undefined ? undefined : Math.max(1, Math.floor(limit * share)))
  return {
    concurrency: part(limits.concurrency),
    requestsPerMinute: part(limits.requestsPerMinute),
    tokensPerMinute: part(limits.tokensPerMinute),
    tokensPerDay: part(limits.tokensPerDay)
  }
}
