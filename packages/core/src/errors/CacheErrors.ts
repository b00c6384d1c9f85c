/**
 * What the cache refuses, and what its stores fail with.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

/**
 * The call was to be answered from the cache only, and the cache has no answer
 * to it; nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class CacheMissError extends TaggedKimiError<CacheMissError>()("CacheMissError", {
  /** The key of the call in the cache: a digest, which tells nothing of the request. */
  key: Schema.String
}) {}

/**
 * A store of the cache failed. No call fails with it: it is what health and
 * the management of the cache see.
 *
 * @category errors
 * @since 0.1.0
 */
export class CacheStoreError extends TaggedKimiError<CacheStoreError>()("CacheStoreError", {
  /** The store, such as `sqlite`. */
  store: Schema.String,
  /** What was asked of it. */
  operation: Schema.String
}) {}
