/** Enters what a batch used: in the budget under the name of its submission, and in the accounting. */
import * as Accounting from "@kimi-effect/core/Accounting"
import type { Budget } from "@kimi-effect/core/Budget"
import { CallOptions } from "@kimi-effect/core/CallOptions"
import type * as PriceTable from "@kimi-effect/core/PriceTable"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { BatchUsage } from "./BatchUsage.ts"
import { holdOf } from "./submit.ts"

export interface ChargeSettings {
  readonly budget: Budget["Service"] | undefined
  readonly accounting: Accounting.Accounting["Service"] | undefined
  readonly account: string
  readonly provider: string
  readonly day: string
  readonly prices: PriceTable.Prices
}

/**
 * Settles the money of a submission, and returns whether that is done. Without a
 * price, its whole amount is charged when its lease ends.
 */
export const settle = (
  submission: string | undefined,
  usage: BatchUsage,
  { budget, day, prices, provider }: ChargeSettings
): Effect.Effect<boolean> => {
  if (budget === undefined || submission === undefined) return Effect.succeed(true)
  const cost = usage.cost({ provider, day }, prices)
  if (cost !== undefined && Option.isNone(cost)) return Effect.succeed(true)
  return budget.settleHold(holdOf(submission), cost === undefined ? undefined : Option.getOrUndefined(cost)).pipe(
    Effect.as(true),
    // The results are worth more than the rest of the reservation, which is charged in full later.
    Effect.catch((error) =>
      Effect.as(
        Effect.logWarning(
          "The cost of a batch is not settled: its reservation stays until its lease ends, or the batch is collected again",
          error
        ),
        false
      )
    )
  )
}

export const record = (usage: BatchUsage, { account, accounting, provider }: ChargeSettings) =>
  accounting === undefined
    ? Effect.void
    : Effect.flatMap(CallOptions, ({ agent, job, tenant }) =>
        Effect.forEach(
          usage.attempts({ account, provider, tags: { tenant, job, agent } }),
          (attempt) => Accounting.recordUsage(accounting, attempt),
          { discard: true }
        )
      )
