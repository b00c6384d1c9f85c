/**
 * How long a refusal lasts when the host names no wait.
 *
 * @since 0.1.0
 */
import type { KimiError } from "../../errors/KimiError.ts"

const minute = 60_000

/** A slot is free when another call ends. */
const shortDelay = 1_000

/** Tokens return with the minute in which they were used, so a third of it is the least that helps. */
const tokensDelay = 20_000

/** Between the most and the fewest requests per minute that accounts have. */
const requestsDelay = 5_000

/**
 * The least useful delay before the next attempt, in milliseconds, by the kind
 * of limit that was exceeded; 0 where the host names a wait, and for errors that
 * the exponential delays suit, such as an overloaded host.
 *
 * @category getters
 * @since 0.1.0
 */
export const refusalDelay = (error: KimiError): number => {
  if (error._tag !== "RateLimitError" || error.retryAfter !== undefined) return 0
  switch (error.kind) {
    case "concurrency":
      return shortDelay
    case "requests per minute":
      // One more request is allowed after this time.
      return error.limit === undefined || error.limit <= 0
        ? requestsDelay
        : Math.min(minute, Math.max(shortDelay, Math.ceil(minute / error.limit)))
    case "tokens per minute":
      return tokensDelay
    case "unknown":
      return 0
  }
}
