/**
 * What a request writes to the prefix cache of its host, by the lifetime that it asks for.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import type { ModelRequest } from "../../models/ChatRequest.ts"
import type { Usage } from "../../models/Usage.ts"
import type { BillableUsage } from "./UsageCost.ts"

type CacheOptions = Pick<ModelRequest, "prompt_cache_options" | "extra_body">

/**
 * Whether the prompt of a request is cached for an hour. The request's own member
 * counts before its namesake in `extra_body`, as in the body.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isForAnHour = ({ extra_body, prompt_cache_options }: CacheOptions): boolean => {
  const options: unknown = prompt_cache_options ?? extra_body?.["prompt_cache_options"]
  return Predicate.isObject(options) && options["ttl"] === "1h"
}

/**
 * The usage with the part of its cache writes that costs the price of an hour.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withLifetime = <U extends Usage>(usage: U, request: CacheOptions): U | (U & BillableUsage) =>
  usage.cache_write_tokens > 0 && isForAnHour(request)
    ? { ...usage, oneHourCacheWrites: usage.cache_write_tokens }
    : usage
