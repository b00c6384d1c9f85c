/**
 * What a call costs, in exact decimals: before it is made, the most that it
 * can cost; afterwards, what it did.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as ModelCatalog from "../ModelCatalog.ts"
import type { ModelRequest } from "../models/ChatRequest.ts"
import type { ChatResponse } from "../models/ChatResponse.ts"
import { fromTokens, type Usage } from "../models/Usage.ts"
import * as PriceTable from "./PriceTable.ts"
import * as TokenCount from "../TokenCount.ts"

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
  /** Tools that the host charges by the call. */
  readonly tools: BigDecimal.BigDecimal
  readonly total: BigDecimal.BigDecimal
  /** What the same call would have cost more if nothing had been cached; not part of `total`. */
  readonly saved: BigDecimal.BigDecimal
}

/**
 * Everything that a call is charged for: its tokens, and calls of tools that
 * run at the host.
 *
 * @category models
 * @since 0.1.0
 */
export interface BillableUsage extends Usage {
  /** Calls of the host's tools, by their names. */
  readonly toolCalls?: ReadonlyMap<string, number>
}

/**
 * What was bought, where and when.
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
 * The cost of `usage` at a price, and of tools beside it. Failed 429 calls are
 * free; an answer that was cut short is billed for what was generated.
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
 * Two costs in one currency, added up part by part.
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

/** What calls of the host's tools cost; none where one of them has no known price in this currency. */
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
 * The cost of what was used; none when a price is not known, which is not the
 * same as free.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (
  used: BillableUsage,
  purchase: Purchase,
  prices: PriceTable.Prices = PriceTable.catalog
): Option.Option<Cost> => {
  const price = PriceTable.priceOf(prices, purchase.model, purchase.provider, purchase.day, purchase.isBatch === true)
  if (Option.isNone(price)) return Option.none()
  if (used.toolCalls === undefined) return Option.some(make(used, price.value))
  const tools = toolCost(used.toolCalls, purchase, prices, price.value.currency)
  return Option.map(tools, (cost) => make(used, price.value, cost))
}

/**
 * The cost of `usage` of a model at a host on a day (`YYYY-MM-DD`) by the
 * catalogue; none when the price is not known, which is not the same as free.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofModel = (usage: Usage, model: string, provider: string, day: string): Option.Option<Cost> =>
  of(usage, { model, provider, day })

/**
 * Calls of one tool of the host that are expected of an answer at most. Models
 * search once or twice in a turn; nothing bounds them.
 */
const maxToolCalls = 4

const atLeast = (value: unknown, least: number): number =>
  typeof value === "number" && Number.isFinite(value) ? Math.max(value, least) : least

/** The most tokens that all answers may have together. A body may say it in members that the library does not list. */
const maxOutput = (request: ModelRequest, prompt: number): number => {
  const { extra_body = {}, n } = request
  const one = atLeast(
    extra_body["max_completion_tokens"],
    atLeast(extra_body["max_tokens"], TokenCount.maxOutput(request, prompt))
  )
  return Math.ceil(one) * Math.ceil(n ?? atLeast(extra_body["n"], 1))
}

/**
 * The most that a request can cost: its prompt at the dearest price of input,
 * its most output for every answer that it asks for, and some calls of each of
 * the host's tools that it offers. None when a price is not known.
 *
 * **Gotchas**
 *
 * - The prompt is an estimate that leans high. Pictures and videos behind
 *   references are guessed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const worstCase = (
  request: ModelRequest,
  at: Omit<Purchase, "model">,
  prices: PriceTable.Prices = PriceTable.catalog
): Option.Option<Cost> => {
  const purchase = { ...at, model: request.model }
  const price = PriceTable.priceOf(prices, purchase.model, at.provider, at.day, at.isBatch === true)
  if (Option.isNone(price)) return Option.none()
  const { cacheHit, cacheMiss, cacheWrite, currency, output } = price.value
  const inputs = [cacheHit, cacheMiss, cacheWrite].flatMap((text) =>
    text === undefined ? [] : [BigDecimal.fromStringUnsafe(text)]
  )
  const prompt = TokenCount.ofPrompt(request)
  const completion = maxOutput(request, prompt)
  const calls = (request.tools ?? []).flatMap((tool): ReadonlyArray<readonly [string, number]> =>
    tool.type === "builtin_function" ? [[tool.function.name, maxToolCalls * (request.n ?? 1)]] : []
  )
  return Option.map(toolCost(calls, purchase, prices, currency), (tools) =>
    make(
      fromTokens(prompt, completion),
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
 * The most that a request can cost at a host at today's price; none when the
 * price is not known.
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
 * An amount for people, such as `$0.000423` or `¥0.0312`; exact, with no rounding.
 *
 * @category conversions
 * @since 0.1.0
 */
export const format = (cost: Pick<Cost, "currency" | "total">): string =>
  `${cost.currency === "USD" ? "$" : "¥"}${BigDecimal.format(BigDecimal.normalize(cost.total))}`

/** The name of a tool that runs at the host begins so. */
const isHostTool = (name: string): boolean => name.startsWith("$")

/**
 * What an answer used, calls of the host's tools included.
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
 * The names of all tools that an answer calls.
 *
 * @category getters
 * @since 0.1.0
 */
export const toolNames = ({ choices }: ChatResponse): ReadonlyArray<string> =>
  choices.flatMap(({ message }) => message.tool_calls?.map((call) => call.function.name) ?? [])

/** The cost of an answer that our own cache gave, or that another call had asked for. */
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
 * The cost of an answer at today's price; none when the host reported no usage
 * or the price is not known. An answer of our own cache costs nothing, and all
 * of its price is saved.
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
    const cost = of(billableUsage(usage, toolNames(response)), { model, provider, day }, prices)
    return response.cached === undefined ? cost : Option.map(cost, cachedCost)
  })
