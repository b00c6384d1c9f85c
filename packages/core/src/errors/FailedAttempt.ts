/**
 * What is remembered of each attempt of a call that was retried.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * One failed attempt. Times are in milliseconds.
 *
 * @category schemas
 * @since 0.1.0
 */
export const FailedAttempt = Schema.Struct({
  /** Tag of the attempt's error. */
  tag: Schema.String,
  /** The host that was asked. */
  provider: Schema.optionalKey(Schema.String),
  /** The model that was asked for. */
  model: Schema.optionalKey(Schema.String),
  /** The host's request id. */
  requestId: Schema.optionalKey(Schema.String),
  /** When the attempt began, Unix milliseconds. */
  startedAt: Schema.Finite,
  /** How long it took. */
  duration: Schema.Finite,
  /** How long was waited after it; 0 after the last. */
  delay: Schema.Finite,
  /** Whether the host may charge for it. */
  isPossiblyBilled: Schema.Boolean
})

/**
 * @category models
 * @since 0.1.0
 */
export type FailedAttempt = typeof FailedAttempt.Type
