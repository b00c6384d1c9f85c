/**
 * The cache as a stage of the pipeline: below the deadline, which is each
 * caller's own, and above everything that costs money or waits, so that a hit
 * touches none of it.
 *
 * @since 0.1.0
 */
import type { Stage } from "../resilience/Pipeline.ts"
import type { OriginOf } from "./CachedCalls.ts"
import type { ResponseCache } from "./ResponseCache.ts"

/**
 * The stage of a cache. Clients that share a cache and call hosts of the same
 * provider at different addresses must say which by `originOf`.
 *
 * @category stages
 * @since 0.1.0
 */
export const stage = (cache: ResponseCache["Service"], originOf: OriginOf = () => undefined): Stage => ({
  effect: (inner) => cache.guard(inner, originOf),
  stream: (inner) => cache.guardStream(inner, originOf),
  options: cache.options
})
