/**
 * The most that a request may use and cost.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import type { ModelRequest } from "../../models/ChatRequest.ts"
import { fromTokens } from "../../models/Usage.ts"
import * as TokenCount from "../../TokenCount.ts"
import * as PriceTable from "../PriceTable.ts"
import { isForAnHour } from "./CacheWrites.ts"
import * as TokenRates from "./TokenRates.ts"
import { type BillableUsage, type Cost, dearestInput, make, type Purchase, toolCost } from "./UsageCost.ts"

/**
 * The assumed maximum of calls of one host tool in a response. Models search once
 * or twice in a turn; there is no hard limit.
 */
const maxToolCalls = 4

const isHostTool = ({ type }: NonNullable<ModelRequest["tools"]>[number]): boolean => type === "builtin_function"

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
  const tools = (request.tools ?? []).filter(isHostTool)
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
  const { currency, output } = price.value
  const { toolCalls = [], ...usage } = maxUsage(request)
  return Option.map(toolCost(toolCalls, purchase, prices, currency), (tools) =>
    make(
      fromTokens(usage.prompt_tokens, TokenCount.maxCompletion(request, defaultOutputTokens)),
      {
        provider: at.provider,
        currency,
        output,
        cacheMiss: dearestInput(price.value, isForAnHour(request))
      },
      tools
    )
  )
}

/**
 * The amount of `worstCase` at a price that was looked up; `undefined` if the
 * request offers tools of its host, which have other prices, or if a count of
 * its tokens is not a whole number.
 *
 * @category constructors
 * @since 0.1.0
 */
export const worstCaseOfTokens = (
  request: ModelRequest,
  rates: TokenRates.TokenRates,
  defaultOutputTokens?: number
): bigint | undefined => {
  if (request.tools?.some(isHostTool) === true) return undefined
  const isDearer = rates.dearestInput1h !== rates.dearestInput && isForAnHour(request)
  const completion = TokenCount.maxCompletion(request, defaultOutputTokens)
  return TokenRates.worstCase(rates, TokenCount.ofPrompt(request), completion, isDearer)
}
