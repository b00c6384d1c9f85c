/**
 * The four meanings of an HTTP 429 at Kimi: rate limit, daily limit, overloaded
 * host, exhausted account.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

/**
 * The account limit that was exceeded.
 *
 * @category models
 * @since 0.1.0
 */
export const LimitKind = Schema.Literals(["concurrency", "requests per minute", "tokens per minute", "unknown"])

/**
 * The account exceeded a rate limit; waiting helps. `retryAfter` is the wait that
 * the host named, which is known to be too short at times: treat it as a minimum.
 *
 * @category errors
 * @since 0.1.0
 */
export class RateLimitError extends TaggedKimiError<RateLimitError>()("RateLimitError", {
  /** The limit that was exceeded. */
  kind: LimitKind,
  /** The value of the limit in its unit, when the host reported it. */
  limit: Schema.optionalKey(Schema.Finite),
  /** The amount in use, when the host reported it. */
  current: Schema.optionalKey(Schema.Finite)
}) {}

/**
 * The account has used its tokens or requests of the day, or of another period
 * such as the week, in which waiting helps.
 *
 * @category errors
 * @since 0.1.0
 */
export class DailyLimitError extends TaggedKimiError<DailyLimitError>()("DailyLimitError", {
  /** Tokens allowed per day, when the host reported it. */
  limit: Schema.optionalKey(Schema.Finite),
  /** Tokens used today, when the host reported it. */
  current: Schema.optionalKey(Schema.Finite)
}) {}

/**
 * The host has no capacity at present, for any account
 * (`engine_overloaded_error`, or HTTP 529 from a gateway).
 *
 * @category errors
 * @since 0.1.0
 */
export class OverloadedError extends TaggedKimiError<OverloadedError>()("OverloadedError", {}) {}

/**
 * The account's balance is exhausted or the account is suspended. Never retried.
 *
 * @category errors
 * @since 0.1.0
 */
export class QuotaExceededError extends TaggedKimiError<QuotaExceededError>()("QuotaExceededError", {}) {}
