/**
 * The origin of a cached response.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The origin of a response that was not requested from the host. Its usage is
 * that of the call that was billed.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CacheStatus = Schema.Struct({
  /** The memory of this process, the store below it, or an equal call in flight. */
  level: Schema.Literals(["memory", "store", "flight"]),
  /** Milliseconds since the response of the host; 0 for an equal call in flight. */
  age: Schema.Finite,
  /** Whether the response is stale; a refresh may be in progress. */
  isStale: Schema.Boolean
})

/**
 * @category models
 * @since 0.1.0
 */
export type CacheStatus = typeof CacheStatus.Type
