/**
 * The token usage of a call, read from the forms that hosts send.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const count = Schema.optionalKey(Schema.NullOr(Schema.Finite))

/**
 * Usage as hosts send it. Cached tokens are at the top level, in
 * `prompt_tokens_details`, in both places, or absent.
 *
 * @category schemas
 * @since 0.1.0
 */
export const WireUsage = Schema.Struct({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  cached_tokens: count,
  prompt_tokens_details: Schema.optionalKey(
    Schema.NullOr(Schema.Struct({ cached_tokens: count, cache_write_tokens: count }))
  ),
  completion_tokens_details: Schema.optionalKey(Schema.NullOr(Schema.Struct({ reasoning_tokens: count })))
})

/**
 * The token usage of a call. `prompt_tokens` includes `cached_tokens`, and
 * `completion_tokens` includes `reasoning_tokens`: do not add them.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Usage = Schema.Struct({
  prompt_tokens: Schema.Finite,
  completion_tokens: Schema.Finite,
  total_tokens: Schema.Finite,
  /** Prompt tokens read from the host's prefix cache; 0 when the host reports none. */
  cached_tokens: Schema.Finite,
  /** Prompt tokens written to the host's prefix cache; 0 when the host reports none. */
  cache_write_tokens: Schema.Finite,
  /** Tokens spent on reasoning; 0 when the host reports none. */
  reasoning_tokens: Schema.Finite
})

/**
 * @category models
 * @since 0.1.0
 */
export type Usage = typeof Usage.Type

/** A count below zero counts as 0; the upper bound keeps sums finite. */
const countOf = (value: number | null | undefined): number | undefined =>
  value === undefined || value === null || value < 0 ? undefined : Math.min(value, Number.MAX_SAFE_INTEGER)

/**
 * Usage from counted or estimated tokens, without cached tokens.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromTokens = (prompt: number, completion: number, reasoning = 0): Usage => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  cached_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: reasoning
})

/**
 * Reads usage from any form that hosts send.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromWire = (wire: typeof WireUsage.Type): Usage => {
  const prompt = countOf(wire.prompt_tokens) ?? 0
  const completion = countOf(wire.completion_tokens) ?? 0
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: countOf(wire.total_tokens) ?? prompt + completion,
    cached_tokens: countOf(wire.prompt_tokens_details?.cached_tokens) ?? countOf(wire.cached_tokens) ?? 0,
    cache_write_tokens: countOf(wire.prompt_tokens_details?.cache_write_tokens) ?? 0,
    reasoning_tokens: countOf(wire.completion_tokens_details?.reasoning_tokens) ?? 0
  }
}
