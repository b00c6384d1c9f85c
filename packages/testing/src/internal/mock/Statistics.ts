/** What a provider has been asked and has answered, in numbers. */
import * as Cost from "@kimi-effect/core/Cost"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { percentilesOf } from "../simulator/percentiles.ts"
import type { Percentiles } from "../../simulator/Report.ts"
import type { Attempt } from "./Engine.ts"

/**
 * The numbers of a provider since it was made or reset; with `maxRecorded` those
 * of the latest requests only.
 *
 * @category models
 * @since 0.1.0
 */
export interface Statistics {
  /** Requests that reached the provider. */
  readonly calls: number
  readonly succeeded: number
  /** Failed attempts by the tag of their error; `Defect` for those that the script does not answer. */
  readonly failures: { readonly [tag: string]: number }
  /** Attempts that the client gave up, such as those that lost a hedge or exceeded a timeout. */
  readonly interrupted: number
  readonly running: number
  /** Milliseconds from the request to the end of the response, of all attempts that have ended. */
  readonly latency: Percentiles
  /** The tokens of the responses that were received in full. */
  readonly tokens: { readonly prompt: number; readonly cached: number; readonly completion: number }
  /** What those responses cost at the prices of the context, by currency; models without a price are left out. */
  readonly costs: { readonly [currency: string]: BigDecimal.BigDecimal }
}

const countBy = (outcomes: Iterable<string>): { readonly [tag: string]: number } => {
  const counts: Record<string, number> = {}
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}

const costOf = ({ received, usage }: Attempt, provider: string, prices: PriceTable.Prices) =>
  usage === undefined
    ? Option.none()
    : Cost.of(
        usage,
        { model: received.request.model, provider, day: DateTime.formatIsoDateUtc(DateTime.makeUnsafe(received.at)) },
        prices
      )

const costsOf = (
  attempts: ReadonlyArray<Attempt>,
  provider: string,
  prices: PriceTable.Prices
): Statistics["costs"] => {
  const costs: Record<string, BigDecimal.BigDecimal> = {}
  for (const attempt of attempts) {
    const cost = Option.getOrUndefined(costOf(attempt, provider, prices))
    if (cost === undefined) continue
    const known = costs[cost.currency]
    costs[cost.currency] = known === undefined ? cost.total : BigDecimal.sum(known, cost.total)
  }
  return costs
}

/** The numbers of the attempts at a host. */
export const of = (attempts: ReadonlyArray<Attempt>, provider: string, prices: PriceTable.Prices): Statistics => {
  const {
    Interrupted: interrupted = 0,
    Success: succeeded = 0,
    ...failures
  } = countBy(attempts.flatMap(({ outcome }) => outcome ?? []))
  const ended = attempts.flatMap(({ endedAt, received }) => (endedAt === undefined ? [] : [endedAt - received.at]))
  const tokens = { prompt: 0, cached: 0, completion: 0 }
  for (const { usage } of attempts) {
    tokens.prompt += usage?.prompt_tokens ?? 0
    tokens.cached += usage?.cached_tokens ?? 0
    tokens.completion += usage?.completion_tokens ?? 0
  }
  return {
    calls: attempts.length,
    succeeded,
    failures,
    interrupted,
    running: attempts.length - ended.length,
    latency: percentilesOf(ended),
    tokens,
    costs: costsOf(attempts, provider, prices)
  }
}

/** The costs as text, such as `$0.00042`. */
export const formatCosts = (costs: Statistics["costs"]): string =>
  Object.entries(costs)
    .map(([currency, total]) => Cost.format({ currency: currency as Cost.Cost["currency"], total }))
    .join(" + ") || "nothing"
