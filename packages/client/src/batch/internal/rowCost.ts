/** What a row took: all attempts that the client records, or else its response. */
import * as Accounting from "@kimi-effect/core/Accounting"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Cost from "@kimi-effect/core/Cost"
import * as Day from "@kimi-effect/core/internal/Day"
import * as ResponseCost from "@kimi-effect/core/internal/ResponseCost"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

const noEntries = Effect.succeed([])

/** The attempts of one row, and where they are recorded. */
export class Attempts {
  readonly recorded: Array<Accounting.AttemptUsage> = []

  get entries(): Accounting.Accounting["Service"]["entries"] {
    return noEntries
  }

  record(attempt: Accounting.AttemptUsage): Effect.Effect<void> {
    return Effect.sync(() => void this.recorded.push(attempt))
  }

  get count(): number {
    let count = 0
    for (const { outcome } of this.recorded) if (outcome !== "cached") count += 1
    return count
  }
}

const sumOf = (
  attempts: ReadonlyArray<Accounting.AttemptUsage>,
  day: string,
  prices: PriceTable.Prices
): Option.Option<Cost.Cost> => {
  let total: Option.Option<Cost.Cost> = Option.none()
  for (const { charge, model, provider, usage } of attempts) {
    const cost =
      charge === undefined ? Cost.of(usage, { model, provider, day }, prices) : Option.some(Cost.ofCharge(charge))
    if (Option.isNone(cost)) return Option.none()
    const sofar = Option.getOrUndefined(total)
    if (sofar !== undefined && sofar.currency !== cost.value.currency) return Option.none()
    total = sofar === undefined ? cost : Option.some(Cost.sum(sofar, cost.value))
  }
  return total
}

/** The cost of an answered row. That of a failed one is the same without a response. */
export type CostOf = (
  attempts: Attempts | undefined,
  request: ChatRequest,
  response?: ChatResponse
) => Option.Option<Cost.Cost>

/** Costs at the prices of this fiber. They are read once, since the effects of a row take longer than its cost. */
export const make: Effect.Effect<CostOf> = Effect.zipWith(
  PriceTable.PriceTable,
  Clock.Clock,
  (prices, clock): CostOf =>
    (attempts, request, response) => {
      const recorded = attempts?.recorded ?? []
      const day = Day.dateAt(clock.currentTimeMillisUnsafe())
      if (response !== undefined && (response.cached !== undefined || recorded.length === 0)) {
        return ResponseCost.of(response, request, day, prices)
      }
      return recorded.length === 0 ? Option.none() : sumOf(recorded, day, prices)
    }
)
