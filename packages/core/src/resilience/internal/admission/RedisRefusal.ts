/**
 * The latest refusal of Redis, so that it is not called again before a different
 * reply is possible.
 *
 * @since 0.1.0
 */
import type { Block } from "./AdmissionRefusals.ts"
import type { RateName } from "./EffectiveLimits.ts"
import { maxPollMillis, pollMillis } from "./AdmissionLua.ts"
import type { Reply } from "./AdmissionScript.ts"

/**
 * What Redis has refused: a call with this many tokens, and so any larger one.
 * All times are those of `MonotonicClock`.
 *
 * @category models
 * @since 0.1.0
 */
export interface RedisRefusal {
  readonly tokens: number
  /** Until when there is certainly no capacity. */
  readonly noCapacityUntil: number
  /** When to try again. */
  readonly retryAt: number
  /** The limit that is used up, if it is one. */
  readonly rate?: RateName | undefined
}

/**
 * Nothing was refused.
 *
 * @category constants
 * @since 0.1.0
 */
export const none: RedisRefusal = { tokens: 0, noCapacityUntil: 0, retryAt: 0 }

/**
 * The refusal that a reply states for a call with this many tokens.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromReply = ({ rate, status, waitMillis }: Reply, tokens: number, now: number): RedisRefusal =>
  // Any call that ends frees capacity if all permits are taken.
  status === "full"
    ? { tokens: 0, noCapacityUntil: 0, retryAt: now + pollMillis }
    : {
        tokens,
        rate,
        noCapacityUntil: now + waitMillis,
        retryAt: now + Math.max(pollMillis, Math.min(waitMillis, maxPollMillis))
      }

/**
 * The time of the next decision about a call that may be admitted earlier than
 * is known, as milliseconds from now; infinite if the call has timed out by
 * then.
 *
 * @category getters
 * @since 0.1.0
 */
export const recheckMillis = (wait: number, now: number, deadline: number): number => {
  const next = Math.min(wait, maxPollMillis)
  return now + next < deadline ? next : Number.POSITIVE_INFINITY
}

/**
 * Milliseconds until it is useful to call Redis, or until there is capacity if
 * that is after the call's deadline; 0 if the call is not affected.
 *
 * @category getters
 * @since 0.1.0
 */
export const waitMillis = (refusal: RedisRefusal, tokens: number, now: number, deadline: number): number => {
  if (tokens < refusal.tokens || refusal.retryAt <= now) return 0
  return refusal.noCapacityUntil >= deadline
    ? refusal.noCapacityUntil - now
    : recheckMillis(refusal.retryAt - now, now, deadline)
}

/**
 * What blocks a call with this many tokens in Redis, if anything certainly does.
 *
 * @category getters
 * @since 0.1.0
 */
export const blockOf = (
  { noCapacityUntil, rate, tokens: refused }: RedisRefusal,
  tokens: number,
  now: number
): Block | undefined =>
  tokens >= refused && noCapacityUntil > now ? { waitMillis: noCapacityUntil - now, rate } : undefined
