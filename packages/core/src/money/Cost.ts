/**
 * What a call costs, in exact decimals.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ModelCatalog from "../ModelCatalog.ts"
import type { ChatResponse } from "../models/ChatResponse.ts"
import type { Usage } from "../models/Usage.ts"

/**
 * The cost of one call and what it is made of. All amounts are in `currency`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Cost {
  readonly currency: ModelCatalog.Price["currency"]
  /** Prompt tokens that were read from the host's cache. */
  readonly cachedInput: BigDecimal.BigDecimal
  /** Prompt tokens that were not, cache writes included. */
  readonly uncachedInput: BigDecimal.BigDecimal
  /** Generated tokens, reasoning included. */
  readonly output: BigDecimal.BigDecimal
  readonly total: BigDecimal.BigDecimal
}

const perMillion = BigDecimal.fromStringUnsafe("0.000001")

const amount = (tokens: number, price: string): BigDecimal.BigDecimal =>
  BigDecimal.multiply(
    BigDecimal.multiply(BigDecimal.fromNumberUnsafe(tokens), BigDecimal.fromStringUnsafe(price)),
    perMillion
  )

/**
 * The cost of `usage` at a price. Failed 429 calls are free; an answer that
 * was cut short is billed for what was generated.
 *
 * Cached tokens are part of the prompt and reasoning tokens are part of the
 * completion: each token is counted once (source: Moonshot's pricing pages).
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (usage: Usage, price: ModelCatalog.Price): Cost => {
  const cached = Math.min(usage.cached_tokens, usage.prompt_tokens)
  const written = Math.min(usage.cache_write_tokens, usage.prompt_tokens - cached)
  const cachedInput = amount(cached, price.cacheHit ?? price.cacheMiss)
  const uncachedInput = BigDecimal.sum(
    amount(usage.prompt_tokens - cached - written, price.cacheMiss),
    amount(written, price.cacheWrite ?? price.cacheMiss)
  )
  const output = amount(usage.completion_tokens, price.output)
  const total = BigDecimal.sumAll([cachedInput, uncachedInput, output])
  return { currency: price.currency, cachedInput, uncachedInput, output, total }
}

/**
 * The cost of `usage` of a model at a host on a day (`YYYY-MM-DD`); none when
 * the price is not known, which is not the same as free.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofModel = (usage: Usage, model: string, provider: string, day: string): Option.Option<Cost> =>
  Option.map(Option.fromNullishOr(ModelCatalog.priceOf(model, provider, day)), (price) => make(usage, price))

/**
 * An amount for people, such as `$0.000423` or `¥0.0312`; exact, with no rounding.
 *
 * @category conversions
 * @since 0.1.0
 */
export const format = (cost: Cost): string =>
  `${cost.currency === "USD" ? "$" : "¥"}${BigDecimal.format(BigDecimal.normalize(cost.total))}`

/**
 * The cost of an answer at today's price; none when the host reported no usage
 * or the price is not known.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofResponse = (response: ChatResponse): Effect.Effect<Option.Option<Cost>> =>
  Effect.map(DateTime.now, (now) =>
    response.usage === undefined || response.provider === undefined
      ? Option.none()
      : ofModel(response.usage, response.model, response.provider, DateTime.formatIsoDateUtc(now))
  )
