/**
 * What a response is billed for, and its cost at given prices.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import type { ModelRequest } from "../../models/ChatRequest.ts"
import type { ChatResponse } from "../../models/ChatResponse.ts"
import type { Usage } from "../../models/Usage.ts"
import type * as PriceTable from "../PriceTable.ts"
import { withLifetime } from "./CacheWrites.ts"
import * as UsageCost from "./UsageCost.ts"
import type { BillableUsage, Cost } from "./UsageCost.ts"

/** Names of tools that run at the host start with `$`. */
const isHostTool = (name: string): boolean => name.startsWith("$")

/**
 * The usage of a response to a request, including calls of the host's tools, the
 * lifetime of what was written to the host's cache, and the model as the host names
 * it, if the request names another.
 *
 * @category getters
 * @since 0.1.0
 */
export const billableUsage = (
  reported: Usage,
  calls: Iterable<string>,
  request: Pick<ModelRequest, "prompt_cache_options" | "extra_body">,
  servedModel?: string
): BillableUsage => {
  const lasting = withLifetime(reported, request)
  const usage = servedModel === undefined ? lasting : { ...lasting, servedModel }
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
export const toolNames = ({ choices }: ChatResponse): ReadonlyArray<string> => {
  const names: Array<string> = []
  for (const { message } of choices) for (const call of message.tool_calls ?? []) names.push(call.function.name)
  return names
}

/** The model of a response as the host names it; `undefined` if the request named it so. */
const servedModel = ({ model, requestedModel }: Pick<ChatResponse, "model" | "requestedModel">) =>
  requestedModel === undefined ? undefined : model

/**
 * Everything that a response is charged for, with the usage that the host reported
 * or an estimate.
 *
 * @category getters
 * @since 0.1.0
 */
export const usageOf = (
  response: ChatResponse,
  usage: Usage,
  request: Pick<ModelRequest, "prompt_cache_options" | "extra_body">
): BillableUsage => billableUsage(usage, toolNames(response), request, servedModel(response))

/** The cost of a response of the client's cache, or of another call's request. */
const cachedCost = ({ currency, saved, total }: Cost): Cost => ({
  currency,
  cachedInput: UsageCost.zero,
  uncachedInput: UsageCost.zero,
  output: UsageCost.zero,
  tools: UsageCost.zero,
  total: UsageCost.zero,
  saved: BigDecimal.sum(total, saved)
})

/**
 * The cost of a response at the prices of a day, as `Cost.ofResponse` computes it
 * for today.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (
  response: ChatResponse,
  request: Pick<ModelRequest, "prompt_cache_options" | "extra_body">,
  day: string,
  prices: PriceTable.Prices
): Option.Option<Cost> => {
  const { cached, model, provider, requestedModel = model, usage } = response
  if (usage === undefined || provider === undefined) return Option.none()
  const cost = UsageCost.of(usageOf(response, usage, request), { model: requestedModel, provider, day }, prices)
  return cached === undefined ? cost : Option.map(cost, cachedCost)
}
