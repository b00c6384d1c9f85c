/**
 * The cost of a call in exact decimals: the worst case before it is made, and the
 * actual cost afterwards.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ModelCatalog from "../ModelCatalog.ts"
import type { ModelRequest } from "../models/ChatRequest.ts"
import type { ChatResponse } from "../models/ChatResponse.ts"
import { fromTokens, type Usage } from "../models/Usage.ts"
import * as PriceTable from "./PriceTable.ts"
import * as TokenCount from "../TokenCount.ts"

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
 * Everything that a call is charged for: its tokens, and calls of tools that run
 * at the host.
 *
 * @category models
 * @since 0.1.0
 */
export interface BillableUsage extends Usage {
  /** Calls of the host's tools, by their names. */
  readonly toolCalls?: ReadonlyMap<string, number>
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

const zero = BigDecimal.fromBigInt(0n)
const perMillion = BigDecimal.fromStringUnsafe("0.000001")

const tokenCost = (tokens: number, price: string): BigDecimal.BigDecimal =>
  tokens === 0
    ? zero
    : BigDecimal.multiply(
        BigDecimal.multiply(BigDecimal.fromNumberUnsafe(tokens), BigDecimal.fromStringUnsafe(price)),
        perMillion
      )

/**
 * The cost of `usage` and tools at a price. Calls that fail with status 429 are
 * free; a truncated response is billed for what was generated.
 *
 * Cached tokens are part of the prompt and reasoning tokens are part of the
 * completion: each token is counted once (source: Moonshot's pricing pages).
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (usage: Usage, price: ModelCatalog.Price, tools: BigDecimal.BigDecimal = zero): Cost => {
  const cached = Math.min(usage.cached_tokens, usage.prompt_tokens)
  const written = Math.min(usage.cache_write_tokens, usage.prompt_tokens - cached)
  const cachedInput = tokenCost(cached, price.cacheHit ?? price.cacheMiss)
  const uncachedInput = BigDecimal.sum(
    tokenCost(usage.prompt_tokens - cached - written, price.cacheMiss),
    tokenCost(written, price.cacheWrite ?? price.cacheMiss)
  )
  const output = tokenCost(usage.completion_tokens, price.output)
  const total = BigDecimal.sumAll([cachedInput, uncachedInput, output, tools])
  const saved = BigDecimal.subtract(tokenCost(cached, price.cacheMiss), cachedInput)
  return { currency: price.currency, cachedInput, uncachedInput, output, tools, total, saved }
}

/**
 * The sum of two costs in the same currency.
 *
 * @category combinators
 * @since 0.1.0
 */
export const sum = (a: Cost, b: Cost): Cost => ({
  currency: a.currency,
  cachedInput: BigDecimal.sum(a.cachedInput, b.cachedInput),
  uncachedInput: BigDecimal.sum(a.uncachedInput, b.uncachedInput),
  output: BigDecimal.sum(a.output, b.output),
  tools: BigDecimal.sum(a.tools, b.tools),
  total: BigDecimal.sum(a.total, b.total),
  saved: BigDecimal.sum(a.saved, b.saved)
})

/** The cost of calls of the host's tools; none if one of them has no known price in this currency. */
const toolCost = (
  calls: Iterable<readonly [string, number]>,
  { day, provider }: Purchase,
  { tool: priceOf }: PriceTable.Prices,
  currency: Cost["currency"]
): Option.Option<BigDecimal.BigDecimal> => {
  let total = zero
  for (const [tool, count] of calls) {
    const price = priceOf(tool, provider, day)
    if (price === undefined || price.currency !== currency) return Option.none()
    total = BigDecimal.sum(
      total,
      BigDecimal.multiply(BigDecimal.fromNumberUnsafe(count), BigDecimal.fromStringUnsafe(price.perCall))
    )
  }
  return Option.some(total)
}

/**
 * The cost of usage; none if a price is not known, which is not the same as free.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (
  usage: BillableUsage,
  purchase: Purchase,
  prices: PriceTable.Prices = PriceTable.catalog
): Option.Option<Cost> => {
  const price = PriceTable.priceOf(prices, purchase.model, purchase.provider, purchase.day, purchase.isBatch === true)
  if (Option.isNone(price)) return Option.none()
  if (usage.toolCalls === undefined) return Option.some(make(usage, price.value))
  const tools = toolCost(usage.toolCalls, purchase, prices, price.value.currency)
  return Option.map(tools, (cost) => make(usage, price.value, cost))
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

/**
 * The assumed maximum of calls of one host tool in a response. Models search once
 * or twice in a turn; there is no hard limit.
 */
const maxToolCalls = 4

/**
 * The most that a request may use: its prompt, its maximum output for every
 * choice within the context window, and some calls of each host tool that it offers.
 *
 * @category getters
 * @since 0.1.0
 */
export const maxUsage = (request: ModelRequest): BillableUsage => {
  const prompt = TokenCount.ofPrompt(request)
  const usage = fromTokens(prompt, TokenCount.maxCompletion(request))
  const tools = (request.tools ?? []).filter(({ type }) => type === "builtin_function")
  if (tools.length === 0) return usage
  const calls = maxToolCalls * TokenCount.choiceCount(request)
  return { ...usage, toolCalls: new Map(tools.map((tool) => [tool.function.name, calls])) }
}

/**
 * The worst-case cost of a request: its prompt at the highest input price, its
 * maximum output for every choice, and some calls of each host tool that it
 * offers. None if a price is not known. A request without a limit on its output
 * counts with `defaultOutputTokens`, if that is given, for each of its choices.
 *
 * **Gotchas**
 *
 * - The prompt is a high estimate. Images and videos behind references are
 *   estimated without reading them.
 *
 * @category constructors
 * @since 0.1.0
 */
export const worstCase = (
  request: ModelRequest,
  at: Omit<Purchase, "model">,
  prices: PriceTable.Prices = PriceTable.catalog,
  defaultOutputTokens?: number
): Option.Option<Cost> => {
  const purchase = { ...at, model: request.model }
  const price = PriceTable.priceOf(prices, purchase.model, at.provider, at.day, at.isBatch === true)
  if (Option.isNone(price)) return Option.none()
  const { cacheHit, cacheMiss, cacheWrite, currency, output } = price.value
  const inputs = [cacheHit, cacheMiss, cacheWrite].flatMap((text) =>
    text === undefined ? [] : [BigDecimal.fromStringUnsafe(text)]
  )
  const { toolCalls = [], ...usage } = maxUsage(request)
  return Option.map(toolCost(toolCalls, purchase, prices, currency), (tools) =>
    make(
      fromTokens(usage.prompt_tokens, TokenCount.maxCompletion(request, defaultOutputTokens)),
      {
        provider: at.provider,
        currency,
        output,
        cacheMiss: BigDecimal.format(inputs.reduce((a, b) => BigDecimal.max(a, b)))
      },
      tools
    )
  )
}

/**
 * The worst-case cost of a request at a host at today's price; none if the price
 * is not known.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofRequest = (request: ModelRequest, provider: string): Effect.Effect<Option.Option<Cost>> =>
  Effect.gen(function* () {
    const prices = yield* PriceTable.PriceTable
    const day = DateTime.formatIsoDateUtc(yield* DateTime.now)
    return worstCase(request, { provider, day }, prices)
  })

/**
 * A readable amount, such as `$0.000423` or `¥0.0312`; exact, without rounding.
 *
 * @category conversions
 * @since 0.1.0
 */
export const format = (cost: Pick<Cost, "currency" | "total">): string =>
  `${cost.currency === "USD" ? "$" : "¥"}${BigDecimal.format(BigDecimal.normalize(cost.total))}`

/** Names of tools that run at the host start with `$`. */
const isHostTool = (name: string): boolean => name.startsWith("$")

/**
 * The usage of a response, including calls of the host's tools.
 *
 * @category getters
 * @since 0.1.0
 */
export const billableUsage = (usage: Usage, calls: Iterable<string>): BillableUsage => {
  let toolCalls: Map<string, number> | undefined
  for (const name of calls) {
    if (isHostTool(name)) (toolCalls ??= new Map<string, number>()).set(name, (toolCalls.get(name) ?? 0) + 1)
  }
  return toolCalls === undefined ? usage : { ...usage, toolCalls }
}

/**
 * The names of all tools that a response calls.
 *
 * @category getters
 * @since 0.1.0
 */
export const toolNames = ({ choices }: ChatResponse): ReadonlyArray<string> =>
  choices.flatMap(({ message }) => message.tool_calls?.map((call) => call.function.name) ?? [])

/** The cost of a response of the client's cache, or of another call's request. */
const cachedCost = ({ currency, saved, total }: Cost): Cost => ({
  currency,
  cachedInput: zero,
  uncachedInput: zero,
  output: zero,
  tools: zero,
  total: zero,
  saved: BigDecimal.sum(total, saved)
})

/**
 * The cost of a response at today's price; none if the host reported no usage or
 * the price is not known. If the model has no price under the name of the host,
 * the name of the request counts. A response of the client's cache is free, and its
 * whole price
 * counts as saved.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofResponse = (response: ChatResponse): Effect.Effect<Option.Option<Cost>> =>
  Effect.gen(function* () {
    const { model, provider, usage } = response
    if (usage === undefined || provider === undefined) return Option.none()
    const prices = yield* PriceTable.PriceTable
    const day = DateTime.formatIsoDateUtc(yield* DateTime.now)
    const used = billableUsage(usage, toolNames(response))
    const cost = Option.orElse(of(used, { model, provider, day }, prices), () =>
      of(used, { model: response.requestedModel ?? model, provider, day }, prices)
    )
    return response.cached === undefined ? cost : Option.map(cost, cachedCost)
  })
