/**
 * The cost of a call in exact decimals: the worst case before it is made, and the
 * actual cost afterwards.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { currencySymbols } from "../internal/CurrencySymbols.ts"
import * as Day from "../internal/Day.ts"
import type { ModelRequest } from "../models/ChatRequest.ts"
import type { ChatResponse } from "../models/ChatResponse.ts"
import * as PriceTable from "./PriceTable.ts"
import * as ResponseCost from "./internal/ResponseCost.ts"
import type { Cost } from "./internal/UsageCost.ts"
import { worstCase } from "./internal/WorstCase.ts"

export { billableUsage, toolNames, usageOf } from "./internal/ResponseCost.ts"
export { make, of, ofCharge, ofModel, sum } from "./internal/UsageCost.ts"
export type { BillableUsage, Cost, Purchase } from "./internal/UsageCost.ts"
export { maxUsage, worstCase } from "./internal/WorstCase.ts"

/** With the prices of this fiber, and the day. */
const today = <A>(compute: (day: string, prices: PriceTable.Prices) => A): Effect.Effect<A> =>
  Effect.withFiber(({ context }) => {
    const now = Context.get(context, Clock.Clock).currentTimeMillisUnsafe()
    return Effect.succeed(compute(Day.dateAt(now), Context.get(context, PriceTable.PriceTable)))
  })

/**
 * The worst-case cost of a request at a host at today's price; none if the price
 * is not known.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofRequest = (request: ModelRequest, provider: string): Effect.Effect<Option.Option<Cost>> =>
  today((day, prices) => worstCase(request, { provider, day }, prices))

/**
 * A readable amount, such as `$0.000423` or `¥0.0312`; exact, without rounding.
 *
 * @category conversions
 * @since 0.1.0
 */
export const format = (cost: Pick<Cost, "currency" | "total">): string =>
  `${currencySymbols[cost.currency]}${BigDecimal.format(BigDecimal.normalize(cost.total))}`

/**
 * The cost of a response at today's price; none if the host reported no usage or
 * the price is not known. If the host names another model than the request, the
 * higher price counts, as in a budget. A response of the client's cache is free, and
 * its whole price counts as saved. The request is needed only where it sets
 * `prompt_cache_options`, which the response does not name.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofResponse = (
  response: ChatResponse,
  request: Pick<ModelRequest, "prompt_cache_options" | "extra_body"> = {}
): Effect.Effect<Option.Option<Cost>> => today((day, prices) => ResponseCost.of(response, request, day, prices))
