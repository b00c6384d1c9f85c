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

/**
 * What two calls have used together.
 *
 * @category combinators
 * @since 0.1.0
 */
export const add = (a: Usage, b: Usage): Usage => ({
  prompt_tokens: a.prompt_tokens + b.prompt_tokens,
  completion_tokens: a.completion_tokens + b.completion_tokens,
  total_tokens: a.total_tokens + b.total_tokens,
  cached_tokens: a.cached_tokens + b.cached_tokens,
  cache_write_tokens: a.cache_write_tokens + b.cache_write_tokens,
  reasoning_tokens: a.reasoning_tokens + b.reasoning_tokens
})

/** Whether both counts from which a price is computed are reported. */
const isComplete = (usage: Usage): boolean => usage.prompt_tokens > 0 && usage.completion_tokens > 0

/**
 * Reads usage as a report of the host: none when every count is zero, `null` or
 * absent, because no call uses nothing. A count that is missing is computed from
 * the total.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromReport = (wire: typeof WireUsage.Type | null | undefined): Usage | undefined => {
  if (wire === undefined || wire === null) return undefined
  const usage = fromWire(wire)
  if (isComplete(usage)) return usage
  const { completion_tokens: completion, prompt_tokens: prompt, total_tokens: total } = usage
  if (prompt + completion + total === 0) return undefined
  const missing = Math.max(0, total - prompt - completion)
  if (prompt > 0) return { ...usage, completion_tokens: missing }
  return completion > 0 ? { ...usage, prompt_tokens: missing } : usage
}

const detailsOf = (fuller: Usage, other: Usage) => {
  // The details of another prompt would not fit this one.
  const second = fuller.prompt_tokens === other.prompt_tokens || !isComplete(other) ? other : fuller
  return {
    cached_tokens: fuller.cached_tokens || second.cached_tokens,
    cache_write_tokens: fuller.cache_write_tokens || second.cache_write_tokens,
    reasoning_tokens: fuller.reasoning_tokens || second.reasoning_tokens
  }
}

/**
 * The more complete of two reports of the same call. The later one counts if
 * both are complete, unless it reports fewer generated tokens, which cannot be.
 * What one of them lacks is taken from the other.
 *
 * @category combinators
 * @since 0.1.0
 */
export const mostComplete = (earlier: Usage | undefined, later: Usage | undefined): Usage | undefined => {
  if (earlier === undefined || later === undefined) return later ?? earlier
  const isLaterFuller = later.prompt_tokens > 0 && later.completion_tokens >= earlier.completion_tokens
  const [fuller, other] = isLaterFuller ? [later, earlier] : [earlier, later]
  const prompt = fuller.prompt_tokens || other.prompt_tokens
  const completion = fuller.completion_tokens || other.completion_tokens
  const isUnchanged = prompt === fuller.prompt_tokens && completion === fuller.completion_tokens
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: isUnchanged
      ? Math.max(fuller.total_tokens, prompt + completion === 0 ? other.total_tokens : 0)
      : prompt + completion,
    ...detailsOf(fuller, other)
  }
}

/**
 * A report without its generated tokens, for one that a host sent before it
 * had generated the response.
 *
 * @category combinators
 * @since 0.1.0
 */
export const ofPrompt = (usage: Usage): Usage => ({
  ...usage,
  completion_tokens: 0,
  reasoning_tokens: 0,
  total_tokens: usage.prompt_tokens
})

const isSameCount = (a: Usage, b: Usage): boolean =>
  a.prompt_tokens === b.prompt_tokens && a.completion_tokens === b.completion_tokens

const limitCompletion = (usage: Usage, maxCompletion: number): Usage =>
  usage.completion_tokens <= maxCompletion
    ? usage
    : {
        ...usage,
        completion_tokens: maxCompletion,
        total_tokens: usage.prompt_tokens + maxCompletion,
        reasoning_tokens: Math.min(usage.reasoning_tokens, maxCompletion)
      }

/**
 * What is charged for a report: a count that is zero is taken from an estimate,
 * since every call has a prompt, and a response with content was generated.
 *
 * Generated tokens that the host did not report are at most `maxCompletion`,
 * because a request cannot be charged for more than it allowed. As a function it
 * is computed only where the report is incomplete, which few are.
 *
 * @category combinators
 * @since 0.1.0
 */
export const orEstimate = (
  reported: Usage | undefined,
  estimate: () => Usage,
  maxCompletion: number | (() => number) = Number.POSITIVE_INFINITY
): { readonly usage: Usage; readonly isEstimate: boolean } => {
  if (reported !== undefined && isComplete(reported)) return { usage: reported, isEstimate: false }
  const most = typeof maxCompletion === "number" ? maxCompletion : maxCompletion()
  const estimated = limitCompletion(estimate(), most)
  if (reported === undefined) return { usage: estimated, isEstimate: true }
  const prompt = reported.prompt_tokens || estimated.prompt_tokens
  const completion = reported.completion_tokens || estimated.completion_tokens
  // A total alone limits neither part, but it is a lower bound of their sum. What cannot have been generated was the prompt.
  const rest = Math.max(0, reported.total_tokens - prompt - completion)
  const generated = Math.max(completion, Math.min(completion + rest, most))
  const usage = {
    ...reported,
    prompt_tokens: prompt + completion + rest - generated,
    completion_tokens: generated,
    total_tokens: prompt + completion + rest
  }
  return { usage, isEstimate: !isSameCount(usage, reported) }
}
