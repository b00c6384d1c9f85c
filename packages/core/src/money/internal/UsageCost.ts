/**
 * The cost of usage in exact decimals.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import type * as ModelCatalog from "../../ModelCatalog.ts"
import type { Usage } from "../../models/Usage.ts"
import * as PriceTable from "../PriceTable.ts"

/**
 * The cost of one call and its parts. All amounts are in `currency`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Cost {
  readonly currency: ModelCatalog.Price["currency"]
  /** Prompt tokens that were read from the host's cache. */
  readonly cachedInput: BigDecimal.BigDecimal
  /** Other prompt tokens, including cache writes. */
  readonly uncachedInput: BigDecimal.BigDecimal
  /** Generated tokens, including reasoning. */
  readonly output: BigDecimal.BigDecimal
  /** Tools that the host charges per call. */
  readonly tools: BigDecimal.BigDecimal
  readonly total: BigDecimal.BigDecimal
  /** The additional cost of the same call without the host's cache; not part of `total`. */
  readonly saved: BigDecimal.BigDecimal
}

/**
 * Everything that a call is charged for: its tokens, calls of tools that run at
 * the host, and the model that has generated them.
 *
 * @category models
 * @since 0.1.0
 */
export interface BillableUsage extends Usage {
  /** Calls of the host's tools, by their names. */
  readonly toolCalls?: ReadonlyMap<string, number>
  /** How many of `cache_write_tokens` were written to the one-hour cache. Defaults to 0. */
  readonly oneHourCacheWrites?: number
  /** The model as the host names it, if the request names another. */
  readonly servedModel?: string
}

/**
 * The model, the host and the day of a call, which determine its price.
 *
 * @category models
 * @since 0.1.0
 */
export interface Purchase {
  readonly model: string
  /** The host, by the id of its provider description. */
  readonly provider: string
  /** `YYYY-MM-DD`, in UTC. */
  readonly day: string
  /** Whether it is a request of a batch. */
  readonly isBatch?: boolean
}

/**
 * Nothing.
 *
 * @category constants
 * @since 0.1.0
 */
export const zero = BigDecimal.fromBigInt(0n)

/** A sum. Most parts of a cost are zero, and adding them takes most of the time otherwise. */
const plus = (a: BigDecimal.BigDecimal, b: BigDecimal.BigDecimal): BigDecimal.BigDecimal => {
  if (a === zero) return b
  return b === zero ? a : BigDecimal.sum(a, b)
}

const perMillion = BigDecimal.fromStringUnsafe("0.000001")

/** Far more than the prices of a catalogue; only a program that changes its prices endlessly reaches it. */
const maxParsedPrices = 4_096

/** Prices of one token by the text of their price per million, since reading a text takes longer than all else here. */
const tokenPrices = new Map<string, BigDecimal.BigDecimal>()

/**
 * The price of one token, from the text of the price of a million.
 *
 * @category getters
 * @since 0.1.0
 */
export const tokenPrice = (perMillionTokens: string): BigDecimal.BigDecimal => {
  const known = tokenPrices.get(perMillionTokens)
  if (known !== undefined) return known
  const price = BigDecimal.multiply(BigDecimal.fromStringUnsafe(perMillionTokens), perMillion)
  if (tokenPrices.size >= maxParsedPrices) tokenPrices.clear()
  tokenPrices.set(perMillionTokens, price)
  return price
}

/** Counts are integers, unless a host or a user sends others. */
const tokenCost = (tokens: number, perMillionTokens: string): BigDecimal.BigDecimal => {
  if (tokens === 0) return zero
  const price = tokenPrice(perMillionTokens)
  return Number.isSafeInteger(tokens)
    ? BigDecimal.make(BigInt(tokens) * price.value, price.scale)
    : BigDecimal.multiply(BigDecimal.fromNumberUnsafe(tokens), price)
}

/**
 * The highest price of a million tokens of a prompt, which is cached for an hour or not.
 *
 * @category getters
 * @since 0.1.0
 */
export const dearestInput = (
  { cacheHit, cacheMiss, cacheWrite, cacheWrite1h }: ModelCatalog.Price,
  isForAnHour: boolean
): string => {
  let dearest = cacheMiss
  for (const price of [cacheHit, cacheWrite, isForAnHour ? cacheWrite1h : undefined]) {
    if (price !== undefined && BigDecimal.isGreaterThan(tokenPrice(price), tokenPrice(dearest))) dearest = price
  }
  return dearest
}

/**
 * The cost of `usage` and tools at a price. Calls that fail with status 429 are
 * free; a truncated response is billed for what was generated.
 *
 * Cached tokens are part of the prompt and reasoning tokens are part of the
 * completion: each token is counted once (source: Moonshot's pricing pages).
 * Writes to the one-hour cache cost as much as those to the five-minute cache if
 * they have no price.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (usage: BillableUsage, price: ModelCatalog.Price, tools: BigDecimal.BigDecimal = zero): Cost => {
  const cached = Math.min(usage.cached_tokens, usage.prompt_tokens)
  const written = Math.min(usage.cache_write_tokens, usage.prompt_tokens - cached)
  const writtenForAnHour = Math.min(usage.oneHourCacheWrites ?? 0, written)
  const writePrice = price.cacheWrite ?? price.cacheMiss
  const cachedInput = tokenCost(cached, price.cacheHit ?? price.cacheMiss)
  const read = tokenCost(usage.prompt_tokens - cached - written, price.cacheMiss)
  const uncachedInput =
    written === 0
      ? read
      : plus(
          read,
          plus(
            tokenCost(written - writtenForAnHour, writePrice),
            tokenCost(writtenForAnHour, price.cacheWrite1h ?? writePrice)
          )
        )
  const output = tokenCost(usage.completion_tokens, price.output)
  const total = plus(plus(cachedInput, uncachedInput), plus(output, tools))
  const saved = cached === 0 ? zero : BigDecimal.subtract(tokenCost(cached, price.cacheMiss), cachedInput)
  return { currency: price.currency, cachedInput, uncachedInput, output, tools, total, saved }
}

/**
 * The cost of a tool's call whose price is known.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofCharge = ({ currency, total }: Pick<Cost, "currency" | "total">): Cost => ({
  currency,
  cachedInput: zero,
  uncachedInput: zero,
  output: zero,
  tools: total,
  total,
  saved: zero
})

/**
 * The sum of two costs in the same currency.
 *
 * @category combinators
 * @since 0.1.0
 */
export const sum = (a: Cost, b: Cost): Cost => ({
  currency: a.currency,
  cachedInput: plus(a.cachedInput, b.cachedInput),
  uncachedInput: plus(a.uncachedInput, b.uncachedInput),
  output: plus(a.output, b.output),
  tools: plus(a.tools, b.tools),
  total: plus(a.total, b.total),
  saved: plus(a.saved, b.saved)
})

/**
 * The cost of calls of the host's tools; none if one of them has no known price in this currency.
 *
 * @category constructors
 * @since 0.1.0
 */
export const toolCost = (
  calls: Iterable<readonly [string, number]>,
  { day, provider }: Purchase,
  { tool: priceOf }: PriceTable.Prices,
  currency: Cost["currency"]
): Option.Option<BigDecimal.BigDecimal> => {
  let total = zero
  for (const [tool, count] of calls) {
    const price = priceOf(tool, provider, day) ?? undefined
    if (price === undefined || price.currency !== currency) return Option.none()
    total = BigDecimal.sum(
      total,
      BigDecimal.multiply(BigDecimal.fromNumberUnsafe(count), BigDecimal.fromStringUnsafe(price.perCall))
    )
  }
  return Option.some(total)
}

/** The cost of usage under the name that a purchase has for the model. */
const atName = (usage: BillableUsage, purchase: Purchase, prices: PriceTable.Prices): Option.Option<Cost> => {
  const { day, isBatch = false, model, provider } = purchase
  const price = isBatch
    ? Option.getOrUndefined(PriceTable.priceOf(prices, model, provider, day, isBatch))
    : (prices.model(model, provider, day) ?? undefined)
  if (price === undefined) return Option.none()
  if (usage.toolCalls === undefined) return Option.some(make(usage, price))
  const tools = toolCost(usage.toolCalls, purchase, prices, price.currency)
  return Option.map(tools, (cost) => make(usage, price, cost))
}

/** The higher one of two costs. Where they cannot be compared, that of the request, whose currency was reserved. */
const higherOf = (requested: Option.Option<Cost>, served: Option.Option<Cost>): Option.Option<Cost> => {
  if (Option.isNone(served)) return requested
  if (Option.isNone(requested)) return served
  const isHigher =
    served.value.currency === requested.value.currency &&
    BigDecimal.isGreaterThan(served.value.total, requested.value.total)
  return isHigher ? served : requested
}

/**
 * The cost of usage; none if a price is not known, which is not the same as free.
 *
 * Hosts bill the model that served a request, which an alias or a fallback of a
 * gateway may choose, but a name in a response may also be that of a proxy, or of a
 * cheaper variant. If the host names another model than the request and both have a
 * price, the cost is therefore the higher one, so that a budget never counts too
 * little; if one of them has a price, it is that.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (
  usage: BillableUsage,
  purchase: Purchase,
  prices: PriceTable.Prices = PriceTable.catalog
): Option.Option<Cost> => {
  const requested = atName(usage, purchase, prices)
  const { servedModel } = usage
  if (servedModel === undefined || servedModel === purchase.model) return requested
  return higherOf(requested, atName(usage, { ...purchase, model: servedModel }, prices))
}

/**
 * The cost of `usage` of a model at a host on a day (`YYYY-MM-DD`) with the prices
 * of the catalogue; none if the price is not known, which is not the same as free.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofModel = (usage: Usage, model: string, provider: string, day: string): Option.Option<Cost> =>
  of(usage, { model, provider, day })
