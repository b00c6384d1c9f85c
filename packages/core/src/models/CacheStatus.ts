/**
 * What is said of an answer that was not asked for anew.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Where an answer came from that the host was not asked for again. Its usage
 * is that of the call that was paid for.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CacheStatus = Schema.Struct({
  /** The memory of this process, the store below it, or an equal call that was under way. */
  level: Schema.Literals(["memory", "store", "flight"]),
  /** Milliseconds since the host answered; 0 for an equal call. */
  age: Schema.Finite,
  /** Whether the answer is past its fresh time, and a newer one may be on its way. */
  isStale: Schema.Boolean
})

/**
 * @category models
 * @since 0.1.0
 */
export type CacheStatus = typeof CacheStatus.Type
