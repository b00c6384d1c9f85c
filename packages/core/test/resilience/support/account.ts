/**
 * Shared builders for the tests of an account's limits.
 */
import { type Duration } from "effect"
import { classes, type KimiError } from "../../../src/errors/KimiError.ts"
import { AccountLimits } from "../../../src/resilience/internal/admission/AccountLimits.ts"
import type { RateLimits } from "../../../src/resilience/RateLimits.ts"

/** Any time far from zero. */
export const t0 = 1_763_900_000_000
export const minute = 60_000
export const day = 24 * 60 * minute
export const forever = Number.POSITIVE_INFINITY

export const refused = (
  kind: "concurrency" | "requests per minute" | "tokens per minute" | "unknown",
  figures: { limit?: number; current?: number; retryAfter?: Duration.Duration } = {}
) => new classes.RateLimitError({ message: "429", kind, ...figures })

export const daily = (figures: { limit?: number; current?: number; retryAfter?: Duration.Duration } = {}) =>
  new classes.DailyLimitError({ message: "429", ...figures })

export const overloaded = (retryAfter?: Duration.Duration) =>
  new classes.OverloadedError({ message: "429", ...(retryAfter === undefined ? {} : { retryAfter }) })

/** An account with this many running calls. */
export const running = (limits: RateLimits, calls: number, at = t0, tokens = 0) => {
  const account = new AccountLimits(limits, 0)
  for (let call = 0; call < calls; call++) account.acquire(tokens, at)
  return account
}

/** Ends a running call with a refusal. */
export const refuse = (account: AccountLimits, error: KimiError, now: number) => {
  account.release()
  account.recordFailure(error, now)
}

/** Ends a running call with success. */
export const answer = (account: AccountLimits, now: number) => {
  account.release()
  account.recordSuccess(now)
}
