/**
 * The prices of hosts: those of the catalogue, and user-defined ones that
 * override them.
 *
 * It is a context reference whose default is the catalogue, so that only a
 * program with user-defined prices provides it:
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
 * The price per call of a tool that runs at the host.
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
  /** The price per call, as a decimal. */
  readonly perCall: string
}

/**
 * The fraction of the price that is charged for requests of a batch.
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
 * Prices by model or tool, host and day; `undefined` if no price is known, which is
 * not the same as free.
 *
 * @category models
 * @since 0.1.0
 */
export interface Prices {
  /** The price of a model at a host on a day (`YYYY-MM-DD`, in UTC). */
  readonly model: (model: string, provider: string, day: string) => ModelCatalog.Price | undefined
  /** The price per call of a tool of the host. */
  readonly tool: (tool: string, provider: string, day: string) => ToolPrice | undefined
  /** The fraction of the price that a batch costs at a host. */
  readonly batch: (provider: string) => string | undefined
}

/** Source: Moonshot's pricing page; 0.004 in its help center. The China host's price is not known. */
const toolPrices: ReadonlyArray<ToolPrice> = [
  { tool: "$web_search", provider: "moonshot", currency: "USD", perCall: "0.005" }
]

/** Source: Moonshot's batch pricing page. */
const batchPrices: ReadonlyArray<BatchPrice> = [
  { provider: "moonshot", factor: "0.6" },
  { provider: "moonshot-cn", factor: "0.6" }
]

/**
 * The prices of the catalogue.
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
 * The prices from which costs are computed.
 *
 * @category references
 * @since 0.1.0
 */
export const PriceTable: Context.Reference<Prices> = Context.Reference<Prices>("@kimi-effect/core/money/PriceTable", {
  defaultValue: () => catalog
})

/**
 * User-defined prices, which override those of the catalogue. If none applies to
 * a day, the catalogue's price is used.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Prices of models, by an id or an alias of the catalogue, in any order of days. */
  readonly models?: ReadonlyArray<ModelCatalog.Price & { readonly model: string }>
  readonly tools?: ReadonlyArray<ToolPrice>
  readonly batches?: ReadonlyArray<BatchPrice>
}

const isPrice = (text: unknown): boolean => typeof text === "string" && /^\d{1,9}(\.\d{1,12})?$/.test(text)
const isDay = (text: string | undefined): boolean =>
  text === undefined || (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)))

/** The options that are not lists of objects. */
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
  /** A price with an unknown currency or an empty name would never apply. */
  const expectNames = (name: string, { currency, ...names }: { readonly [member: string]: unknown }) => {
    for (const [member, text] of Object.entries(names)) {
      expect(`${name}.${member}`, typeof text === "string" && text !== "", "a name")
    }
    expect(`${name}.currency`, currency === "USD" || currency === "CNY", "USD or CNY")
  }
  models.forEach(
    (
      { cacheHit = "0", cacheMiss, cacheWrite = "0", cacheWrite1h = "0", currency, from, model, output, provider },
      i
    ) => {
      expectNames(`PriceTable models[${i}]`, { model, provider, currency })
      const amounts = { cacheHit, cacheMiss, cacheWrite, cacheWrite1h, output }
      for (const [name, text] of Object.entries(amounts))
        expect(`PriceTable models[${i}].${name}`, isPrice(text), price)
      expect(`PriceTable models[${i}].from`, isDay(from), day)
    }
  )
  tools.forEach(({ currency, from, perCall, provider, tool }, i) => {
    expectNames(`PriceTable tools[${i}]`, { tool, provider, currency })
    expect(`PriceTable tools[${i}].perCall`, isPrice(perCall), price)
    expect(`PriceTable tools[${i}].from`, isDay(from), day)
  })
  batches.forEach(({ factor }, i) => {
    const isFraction = isPrice(factor) && Number(factor) <= 1
    expect(`PriceTable batches[${i}].factor`, isFraction, 'a decimal from 0 to 1, such as "0.6"')
  })
  return issues
}

/** The latest of the prices that apply on a day. */
const latest = <P extends { readonly from?: string }>(prices: ReadonlyArray<P>, day: string): P | undefined => {
  let found: P | undefined
  for (const price of prices) {
    const from = price.from ?? ""
    if (from <= day && from >= (found?.from ?? "")) found = price
  }
  return found
}

/**
 * The catalogue with user-defined prices over it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<Prices, ConfigurationError> =>
  Effect.suspend(() => {
    const issues = issuesOf(options)
    if (issues.length > 0) return Effect.fail(ConfigurationError.of(issues))
    const { batches = [], models = [], tools = [] } = options
    const custom = (model: string, provider: string, day: string): ModelCatalog.Price | undefined =>
      latest(
        models.filter((price) => price.model === model && price.provider === provider),
        day
      )
    return Effect.succeed({
      model: (model, provider, day) => {
        const exact = custom(model, provider, day)
        if (exact !== undefined) return exact
        const known = ModelCatalog.find(model)?.id
        const canonical = known === undefined ? undefined : custom(known, provider, day)
        return canonical ?? catalog.model(model, provider, day)
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
 * User-defined prices over those of the catalogue.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<never, ConfigurationError> =>
  Layer.effect(PriceTable, make(options))

/**
 * The prices of this fiber; if they are the default, those with which a service
 * was built.
 *
 * @category getters
 * @since 0.1.0
 */
export const currentOrElse = (fallback: Prices): Effect.Effect<Prices> =>
  Effect.map(PriceTable, (current) => (current === catalog ? fallback : current))

/**
 * Runs an effect with the prices of a configuration, if it has any and those of
 * the fiber are the default.
 *
 * @category combinators
 * @since 0.1.0
 */
export const provideIfUnset =
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  ({ table }: { readonly table: Prices | undefined }): Effect.Effect<A, E, R> =>
    table === undefined
      ? effect
      : Effect.flatMap(PriceTable, (current) =>
          current === catalog ? Effect.provideService(effect, PriceTable, table) : effect
        )

const scalePrice = (price: string, factor: BigDecimal.BigDecimal): string =>
  BigDecimal.format(BigDecimal.multiply(BigDecimal.fromStringUnsafe(price), factor))

/**
 * The price of a model, or of a batch request to it; none if it is not known.
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
  // Tables in JavaScript may return `null`.
  const price = prices.model(model, provider, day) ?? undefined
  if (price === undefined || !isBatch) return Option.fromNullishOr(price)
  const discount = prices.batch(provider) ?? undefined
  if (discount === undefined) return Option.none()
  const factor = BigDecimal.fromStringUnsafe(discount)
  return Option.some({
    ...price,
    cacheMiss: scalePrice(price.cacheMiss, factor),
    output: scalePrice(price.output, factor),
    ...(price.cacheHit === undefined ? {} : { cacheHit: scalePrice(price.cacheHit, factor) }),
    ...(price.cacheWrite === undefined ? {} : { cacheWrite: scalePrice(price.cacheWrite, factor) }),
    ...(price.cacheWrite1h === undefined ? {} : { cacheWrite1h: scalePrice(price.cacheWrite1h, factor) })
  })
}
