/**
 * The account's request limit as the host reports it in response headers.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The state of the account's request limit, as far as the host reports it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RateStatus = Schema.Struct({
  /** Requests allowed in the window. */
  limit: Schema.optionalKey(Schema.Finite),
  /** Requests left in the window. */
  remaining: Schema.optionalKey(Schema.Finite),
  /** Milliseconds until the window resets. */
  reset: Schema.optionalKey(Schema.Finite),
  /** Length of the window in milliseconds, when the host names it. */
  window: Schema.optionalKey(Schema.Finite)
})

/**
 * @category models
 * @since 0.1.0
 */
export type RateStatus = typeof RateStatus.Type
