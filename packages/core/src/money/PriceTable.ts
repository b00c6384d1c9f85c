/**
 * What hosts charge: the catalogue's prices, and those that a user knows
 * better.
 *
 * It is a reference of the fiber whose default is the catalogue, so that a
 * program which has no prices of its own has nothing to provide:
 *
 * ```ts
 * PriceTable.layer({
 *   models: [{ model: "kimi-k3", provider: "together", currency: "USD", cacheMiss: "3.20", output: "16.00" }]
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { ConfigurationError, type ConfigurationIssue } from "../errors/ConfigurationErrors.ts"
import * as ModelCatalog from "../ModelCatalog.ts"

/**
 * What a tool that runs at the host costs a call.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolPrice {
  /** The tool's name, such as `$web_search`. */
  readonly tool: string
  readonly provider: string
  readonly currency: ModelCatalog.Price["currency"]
  /** First day of this price, `YYYY-MM-DD`. */
  readonly from?: string
  /** Money a call, as a decimal. */
  readonly perCall: string
}

/**
 * The part of the price that is charged for requests of a batch.
 *
 * @category models
 * @since 0.1.0
 */
export interface BatchPrice {
  readonly provider: string
  /** As a decimal, such as `0.6`. */
  readonly factor: string
}

/**
 * Prices by what is bought, where and when. Nothing is given where no price is
 * known, which is not the same as free.
 *
 * @category models
 * @since 0.1.0
 */
export interface Prices {
  /** The price of a model at a host on a day (`YYYY-MM-DD`, in UTC). */
  readonly model: (model: string, provider: string, day: string) => ModelCatalog.Price | undefined
  /** What a tool of the host costs a call. */
  readonly tool: (tool: string, provider: string, day: string) => ToolPrice | undefined
  /** The part of the price that a batch costs at a host. */
  readonly batch: (provider: string) => string | undefined
}

/** Source: Moonshot's pricing page; its help centre says 0.004. The China host's price is not known. */
const toolPrices: ReadonlyArray<ToolPrice> = [
  { tool: "$web_search", provider: "moonshot", currency: "USD", perCall: "0.005" }
]

/** Source: Moonshot's batch pricing page. */
const batchPrices: ReadonlyArray<BatchPrice> = [
  { provider: "moonshot", factor: "0.6" },
  { provider: "moonshot-cn", factor: "0.6" }
]

/**
 * The prices that the library knows.
 *
 * @category constants
 * @since 0.1.0
 */
export const catalog: Prices = {
  model: ModelCatalog.priceOf,
  tool: (tool, provider, day) =>
    toolPrices.findLast((price) => price.tool === tool && price.provider === provider && (price.from ?? "") <= day),
  batch: (provider) => batchPrices.find((price) => price.provider === provider)?.factor
}

/**
 * The prices that hold for whoever counts money.
 *
 * @category references
 * @since 0.1.0
 */
export const PriceTable: Context.Reference<Prices> = Context.Reference<Prices>("@kimi-effect/core/money/PriceTable", {
  defaultValue: () => catalog
})

/**
 * Prices of the user's own. They come before the catalogue's; where none fits
 * the day, the catalogue's holds.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Prices of models, by an id or a name in the catalogue. Later days may come in any order. */
  readonly models?: ReadonlyArray<ModelCatalog.Price & { readonly model: string }>
  readonly tools?: ReadonlyArray<ToolPrice>
  readonly batches?: ReadonlyArray<BatchPrice>
}

const isPrice = (text: unknown): boolean => typeof text === "string" && /^\d{1,9}(\.\d{1,12})?$/.test(text)
const isDay = (text: string | undefined): boolean =>
  text === undefined || (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)))

/** The lists of the options that are none, or hold what is no object. */
const shapeIssuesOf = (options: Options): Array<typeof ConfigurationIssue.Type> => {
  if (typeof options !== "object" || options === null) {
    return [{ name: "PriceTable", expected: "an object with models, tools or batches" }]
  }
  const { batches = [], models = [], tools = [] } = options
  return Object.entries({ models, tools, batches }).flatMap(([name, list]: [string, unknown]) =>
    Array.isArray(list) && list.every((one) => typeof one === "object" && one !== null)
      ? []
      : [{ name: `PriceTable ${name}`, expected: "a list of prices" }]
  )
}

const issuesOf = (options: Options): Array<typeof ConfigurationIssue.Type> => {
  const issues = shapeIssuesOf(options)
  if (issues.length > 0) return issues
  const { batches = [], models = [], tools = [] } = options
  const expect = (name: string, isMet: boolean, expected: string) => {
    if (!isMet) issues.push({ name, expected })
  }
  const price = 'a decimal that is not negative, such as "0.95"'
  const day = 'a day, such as "2026-11-23"'
  /** A price of another currency, or of nobody, would be taken for none. */
  const named = (name: string, { currency, ...names }: { readonly [member: string]: unknown }) => {
    for (const [member, text] of Object.entries(names)) {
      expect(`${name}.${member}`, typeof text === "string" && text !== "", "a name")
    }
    expect(`${name}.currency`, currency === "USD" || currency === "CNY", "USD or CNY")
  }
  models.forEach(({ cacheHit = "0", cacheMiss, cacheWrite = "0", currency, from, model, output, provider }, i) => {
    named(`PriceTable models[${i}]`, { model, provider, currency })
    const amounts = { cacheHit, cacheMiss, cacheWrite, output }
    for (const [name, text] of Object.entries(amounts)) expect(`PriceTable models[${i}].${name}`, isPrice(text), price)
    expect(`PriceTable models[${i}].from`, isDay(from), day)
  })
  tools.forEach(({ currency, from, perCall, provider, tool }, i) => {
    named(`PriceTable tools[${i}]`, { tool, provider, currency })
    expect(`PriceTable tools[${i}].perCall`, isPrice(perCall), price)
    expect(`PriceTable tools[${i}].from`, isDay(from), day)
  })
  batches.forEach(({ factor }, i) => {
    const isPart = isPrice(factor) && Number(factor) <= 1
    expect(`PriceTable batches[${i}].factor`, isPart, 'a decimal from 0 to 1, such as "0.6"')
  })
  return issues
}

/** The latest price of those that hold on a day. */
const latest = <P extends { readonly from?: string }>(prices: ReadonlyArray<P>, day: string): P | undefined => {
  let found: P | undefined
  for (const price of prices) {
    const from = price.from ?? ""
    if (from <= day && from >= (found?.from ?? "")) found = price
  }
  return found
}

/**
 * Puts the user's prices before the catalogue's.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<Prices, ConfigurationError> =>
  Effect.suspend(() => {
    const issues = issuesOf(options)
    if (issues.length > 0) return Effect.fail(ConfigurationError.of(issues))
    const { batches = [], models = [], tools = [] } = options
    const own = (model: string, provider: string, day: string): ModelCatalog.Price | undefined =>
      latest(
        models.filter((price) => price.model === model && price.provider === provider),
        day
      )
    return Effect.succeed({
      model: (model, provider, day) => {
        const exact = own(model, provider, day)
        if (exact !== undefined) return exact
        const known = ModelCatalog.find(model)?.id
        const named = known === undefined ? undefined : own(known, provider, day)
        return named ?? catalog.model(model, provider, day)
      },
      tool: (tool, provider, day) =>
        latest(
          tools.filter((price) => price.tool === tool && price.provider === provider),
          day
        ) ?? catalog.tool(tool, provider, day),
      batch: (provider) => batches.find((price) => price.provider === provider)?.factor ?? catalog.batch(provider)
    })
  })

/**
 * Prices of the user's own before the catalogue's.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<never, ConfigurationError> =>
  Layer.effect(PriceTable, make(options))

/**
 * The prices of this fiber; where it has none of its own, those that a service
 * was built with.
 *
 * @category getters
 * @since 0.1.0
 */
export const currentOrElse = (built: Prices): Effect.Effect<Prices> =>
  Effect.map(PriceTable, (own) => (own === catalog ? built : own))

/**
 * Runs an effect with a configuration's prices, where it has any and the fiber
 * has none of its own.
 *
 * @category combinators
 * @since 0.1.0
 */
export const provideIfUnset =
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  ({ table }: { readonly table: Prices | undefined }): Effect.Effect<A, E, R> =>
    table === undefined
      ? effect
      : Effect.flatMap(PriceTable, (own) =>
          own === catalog ? Effect.provideService(effect, PriceTable, table) : effect
        )

const scalePrice = (price: string, factor: BigDecimal.BigDecimal): string =>
  BigDecimal.format(BigDecimal.multiply(BigDecimal.fromStringUnsafe(price), factor))

/**
 * The price of a model, or of a request to it in a batch; none where it is not
 * known.
 *
 * @category getters
 * @since 0.1.0
 */
export const priceOf = (
  prices: Prices,
  model: string,
  provider: string,
  day: string,
  isBatch: boolean
): Option.Option<ModelCatalog.Price> => {
  const price = prices.model(model, provider, day)
  if (price === undefined || !isBatch) return Option.fromNullishOr(price)
  const discount = prices.batch(provider)
  if (discount === undefined) return Option.none()
  const factor = BigDecimal.fromStringUnsafe(discount)
  return Option.some({
    ...price,
    cacheMiss: scalePrice(price.cacheMiss, factor),
    output: scalePrice(price.output, factor),
    ...(price.cacheHit === undefined ? {} : { cacheHit: scalePrice(price.cacheHit, factor) }),
    ...(price.cacheWrite === undefined ? {} : { cacheWrite: scalePrice(price.cacheWrite, factor) })
  })
}
