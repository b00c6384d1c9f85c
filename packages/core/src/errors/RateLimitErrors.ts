/**
 * The four meanings of an HTTP 429 at Kimi: too fast, too much today, the host
 * is overloaded, the account is empty.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

/**
 * Which of the account's limits was met.
 *
 * @category models
 * @since 0.1.0
 */
export const LimitKind = Schema.Literals(["concurrency", "requests per minute", "tokens per minute", "unknown"])

/**
 * Too many requests or tokens for now; waiting helps. `retryAfter` is what the
 * host said, which is known to be too short at times: treat it as a floor.
 *
 * @category errors
 * @since 0.1.0
 */
export class RateLimitError extends TaggedKimiError<RateLimitError>()("RateLimitError", {
  /** The limit that was met. */
  kind: LimitKind,
  /** The account's limit in its own unit, when the host said it. */
  limit: Schema.optionalKey(Schema.Finite),
  /** How much was in use, when the host said it. */
  current: Schema.optionalKey(Schema.Finite)
}) {}

/**
 * The account's tokens per day are used up.
 *
 * @category errors
 * @since 0.1.0
 */
export class DailyLimitError extends TaggedKimiError<DailyLimitError>()("DailyLimitError", {
  /** Tokens allowed per day, when the host said it. */
  limit: Schema.optionalKey(Schema.Finite),
  /** Tokens used today, when the host said it. */
  current: Schema.optionalKey(Schema.Finite)
}) {}

/**
 * The host has no capacity at the moment, whoever asks
 * (`engine_overloaded_error`, or HTTP 529 from a gateway).
 *
 * @category errors
 * @since 0.1.0
 */
export class OverloadedError extends TaggedKimiError<OverloadedError>()("OverloadedError", {}) {}

/**
 * The account is out of money or suspended. Never retried.
 *
 * @category errors
 * @since 0.1.0
 */
export class QuotaExceededError extends TaggedKimiError<QuotaExceededError>()("QuotaExceededError", {}) {}
