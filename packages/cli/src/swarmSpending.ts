/** What a swarm has cost with its failed attempts: its own costs are those of responses. */
import type { TotalCost } from "@kimi-effect/client/agent/AgentResult"
import type { SwarmEvent } from "@kimi-effect/client/swarm/SwarmEvent"
import * as Accounting from "@kimi-effect/core/Accounting"
import * as Cost from "@kimi-effect/core/Cost"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

type Costs = ReadonlyArray<TotalCost>

const add = (costs: Costs, { currency, saved, total }: TotalCost): Costs => {
  const known = costs.find((one) => one.currency === currency)
  if (known === undefined) return [...costs, { currency, saved, total }]
  const sum = { currency, saved: BigDecimal.sum(known.saved, saved), total: BigDecimal.sum(known.total, total) }
  return costs.map((one) => (one === known ? sum : one))
}

/** Sums up what the host has billed for attempts without a response. */
class FailedAttempts {
  costs: Costs = []
  readonly entries = Effect.succeed([])

  record({ isLost, model, outcome, provider, usage }: Accounting.AttemptUsage): Effect.Effect<void> {
    if (outcome === "succeeded" || outcome === "cached" || isLost === true) return Effect.void
    return Effect.map(Effect.all([PriceTable.PriceTable, DateTime.now]), ([prices, now]) => {
      const cost = Cost.of(usage, { model, provider, day: DateTime.formatIsoDateUtc(now) }, prices)
      if (Option.isSome(cost)) this.costs = add(this.costs, cost.value)
    })
  }
}

const withCosts = (event: SwarmEvent, failed: Costs): SwarmEvent => {
  if (event._tag === "Spent") return { ...event, total: failed.reduce(add, event.total) }
  if (event._tag !== "Finished") return event
  const { report } = event.result
  return { ...event, result: { ...event.result, report: { ...report, cost: failed.reduce(add, report.cost) } } }
}

/** Takes the events of a swarm, with the failed attempts of this process in the costs. */
export const forEach = <E, R>(
  events: Stream.Stream<SwarmEvent, E, R>,
  take: (event: SwarmEvent) => void
): Effect.Effect<void, E, R> =>
  Effect.suspend(() => {
    const failed = new FailedAttempts()
    return Stream.runForEach(events, (event) => Effect.sync(() => take(withCosts(event, failed.costs)))).pipe(
      Accounting.recordTo(failed)
    )
  })
