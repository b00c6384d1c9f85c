/**
 * Failures of the cache and of its stores.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

/**
 * The call may be answered from the cache only, and the cache has no entry for
 * it; nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class CacheMissError extends TaggedKimiError<CacheMissError>()("CacheMissError", {
  /** The key of the call in the cache: a digest, which reveals nothing of the request. */
  key: Schema.String
}) {}

/**
 * A store of the cache failed. Calls continue without the store; health checks
 * and the management of the cache report it.
 *
 * @category errors
 * @since 0.1.0
 */
export class CacheStoreError extends TaggedKimiError<CacheStoreError>()("CacheStoreError", {
  /** The store, such as `sqlite`. */
  store: Schema.String,
  /** The operation that failed. */
  operation: Schema.String
}) {}
