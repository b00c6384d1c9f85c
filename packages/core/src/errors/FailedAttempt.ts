/**
 * A failed attempt of a call that was retried.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * One failed attempt. Durations are in milliseconds.
 *
 * @category schemas
 * @since 0.1.0
 */
export const FailedAttempt = Schema.Struct({
  /** Tag of the attempt's error. */
  tag: Schema.String,
  /** The host of the attempt. */
  provider: Schema.optionalKey(Schema.String),
  /** The requested model. */
  model: Schema.optionalKey(Schema.String),
  /** The host's request id. */
  requestId: Schema.optionalKey(Schema.String),
  /** The start of the attempt, in Unix milliseconds. */
  startedAt: Schema.Finite,
  /** How long the attempt took. */
  duration: Schema.Finite,
  /** The wait before the next attempt; 0 after the last. */
  delay: Schema.Finite,
  /** Whether the host may charge for it. */
  isPossiblyBilled: Schema.Boolean
})

/**
 * @category models
 * @since 0.1.0
 */
export type FailedAttempt = typeof FailedAttempt.Type
