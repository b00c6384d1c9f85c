/**
 * The prices of one token as integers, with which the cost of tokens alone is
 * computed several times as fast as with decimals, and as exactly.
 *
 * @since 0.1.0
 */
import type * as ModelCatalog from "../../ModelCatalog.ts"
import * as Amount from "./Amount.ts"
import { type BillableUsage, dearestInput, tokenPrice } from "./UsageCost.ts"

/**
 * The prices of one token, in units of 10^-`scale` of the currency.
 *
 * @category models
 * @since 0.1.0
 */
export interface TokenRates {
  readonly scale: number
  readonly cacheHit: bigint
  readonly cacheMiss: bigint
  readonly cacheWrite: bigint
  readonly cacheWrite1h: bigint
  readonly output: bigint
  /** The highest price of a token of a prompt that is not cached for an hour. */
  readonly dearestInput: bigint
  /** The same of one that is. */
  readonly dearestInput1h: bigint
}

const make = (price: ModelCatalog.Price): TokenRates => {
  const { cacheMiss, cacheHit = cacheMiss, cacheWrite = cacheMiss, cacheWrite1h = cacheWrite, output } = price
  const texts = [cacheHit, cacheMiss, cacheWrite, cacheWrite1h, output]
  const scale = Math.max(...texts.map((text) => tokenPrice(text).scale))
  const rateOf = (text: string): bigint => {
    const decimal = tokenPrice(text)
    return decimal.value * 10n ** BigInt(scale - decimal.scale)
  }
  return {
    scale,
    cacheHit: rateOf(cacheHit),
    cacheMiss: rateOf(cacheMiss),
    cacheWrite: rateOf(cacheWrite),
    cacheWrite1h: rateOf(cacheWrite1h),
    output: rateOf(output),
    dearestInput: rateOf(dearestInput(price, false)),
    dearestInput1h: rateOf(dearestInput(price, true))
  }
}

/** Rates, and the price as it was when they were made. */
interface KnownRates {
  readonly price: ModelCatalog.Price
  readonly rates: TokenRates
}

/** Those of a catalogue, whose prices are the same objects in every call. */
const knownRates = new WeakMap<ModelCatalog.Price, KnownRates>()

/** A program in JavaScript may change a price of its table. */
const isUnchanged = (made: ModelCatalog.Price, price: ModelCatalog.Price): boolean =>
  made.cacheMiss === price.cacheMiss &&
  made.output === price.output &&
  made.cacheHit === price.cacheHit &&
  made.cacheWrite === price.cacheWrite &&
  made.cacheWrite1h === price.cacheWrite1h

/**
 * The rates of a price.
 *
 * @category getters
 * @since 0.1.0
 */
export const of = (price: ModelCatalog.Price): TokenRates => {
  const known = knownRates.get(price)
  if (known !== undefined && isUnchanged(known.price, price)) return known.rates
  const rates = make(price)
  knownRates.set(price, { price: { ...price }, rates })
  return rates
}

/** Whether a count is an integer that a host may report. Others are left to decimals. */
const isCount = (tokens: number): boolean => Number.isSafeInteger(tokens) && tokens >= 0

/**
 * The highest cost of a prompt with a completion; `undefined` if a count is not
 * a whole number.
 *
 * @category getters
 * @since 0.1.0
 */
export const worstCase = (
  { dearestInput, dearestInput1h, output, scale }: TokenRates,
  prompt: number,
  completion: number,
  isForAnHour: boolean
): bigint | undefined =>
  isCount(prompt) && isCount(completion)
    ? Amount.fromDecimal({
        scale,
        value: BigInt(prompt) * (isForAnHour ? dearestInput1h : dearestInput) + BigInt(completion) * output
      })
    : undefined

/**
 * The cost of usage, as `Cost.make` computes it; `undefined` if tools were called
 * or the host names another model, whose prices are others, or if a count is not a
 * whole number.
 *
 * @category getters
 * @since 0.1.0
 */
export const amountOf = (usage: BillableUsage, rates: TokenRates): bigint | undefined => {
  const { cache_write_tokens, cached_tokens, completion_tokens, oneHourCacheWrites = 0, prompt_tokens } = usage
  if (usage.toolCalls !== undefined || usage.servedModel !== undefined) return undefined
  if (!isCount(prompt_tokens) || !isCount(completion_tokens)) return undefined
  let value = BigInt(prompt_tokens) * rates.cacheMiss + BigInt(completion_tokens) * rates.output
  if (cached_tokens !== 0 || cache_write_tokens !== 0) {
    if (!isCount(cached_tokens) || !isCount(cache_write_tokens) || !isCount(oneHourCacheWrites)) return undefined
    const cached = Math.min(cached_tokens, prompt_tokens)
    const written = Math.min(cache_write_tokens, prompt_tokens - cached)
    const writtenForAnHour = Math.min(oneHourCacheWrites, written)
    value += BigInt(cached) * (rates.cacheHit - rates.cacheMiss)
    value += BigInt(written - writtenForAnHour) * (rates.cacheWrite - rates.cacheMiss)
    value += BigInt(writtenForAnHour) * (rates.cacheWrite1h - rates.cacheMiss)
  }
  return Amount.fromDecimal({ scale: rates.scale, value })
}
