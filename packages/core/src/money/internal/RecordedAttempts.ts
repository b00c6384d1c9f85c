/**
 * The attempts of one call, for a caller that shows what all of them have cost.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Day from "../../internal/Day.ts"
import type { AttemptUsage } from "../Accounting.ts"
import * as Cost from "../Cost.ts"
import { type Prices, PriceTable } from "../PriceTable.ts"
import type { Accounting } from "./AccountingService.ts"

const noEntries = Effect.succeed([])

/**
 * Keeps each attempt, to be used with `Accounting.recordTo`.
 *
 * @category models
 * @since 0.1.0
 */
export class RecordedAttempts {
  readonly all: Array<AttemptUsage> = []
  #unbilled = 0

  get entries(): Accounting["Service"]["entries"] {
    return noEntries
  }

  record(attempt: AttemptUsage): Effect.Effect<void> {
    return Effect.sync(() => this.add(attempt))
  }

  add(attempt: AttemptUsage): void {
    this.all.push(attempt)
  }

  countUnbilled(): void {
    this.#unbilled += 1
  }

  /** Requests to the host. */
  get count(): number {
    let count = this.#unbilled
    for (const { outcome } of this.all) if (outcome !== "cached") count += 1
    return count
  }

  /** As `costAt`, at today's prices. */
  get cost(): Effect.Effect<Option.Option<Cost.Cost>> {
    return Effect.withFiber(({ context }) => {
      const now = Context.get(context, Clock.Clock).currentTimeMillisUnsafe()
      return Effect.succeed(this.costAt(Day.dateAt(now), Context.get(context, PriceTable)))
    })
  }

  /**
   * What those have cost whose response was not lost, at the prices of a day: the most that a lost one
   * may have cost would be a multiple of what is known. None if all were lost, if one has no price, or
   * if their currencies differ.
   */
  costAt(day: string, prices: Prices): Option.Option<Cost.Cost> {
    let total: Option.Option<Cost.Cost> = Option.none()
    for (const { charge, isLost, model, provider, usage } of this.all) {
      if (isLost === true) continue
      const cost =
        charge === undefined ? Cost.of(usage, { model, provider, day }, prices) : Option.some(Cost.ofCharge(charge))
      if (Option.isNone(cost)) return Option.none()
      const sofar = Option.getOrUndefined(total)
      if (sofar !== undefined && sofar.currency !== cost.value.currency) return Option.none()
      total = sofar === undefined ? cost : Option.some(Cost.sum(sofar, cost.value))
    }
    return total
  }
}
