/** What rows of a job have cost that have no line in its output: it was spent on the job, as what its lines have is. */
import * as BigDecimal from "effect/BigDecimal"
import * as Schema from "effect/Schema"
import { CostSums, type Currency } from "../../../batch/internal/CostSums.ts"
import { amountOf } from "./output/outputLine.ts"

const Amount = Schema.String.check(Schema.makeFilter((text) => amountOf(text) !== undefined || "a decimal"))

/** By currency, as decimals. */
const Amounts = Schema.Struct({ USD: Schema.optionalKey(Amount), CNY: Schema.optionalKey(Amount) })

type Amounts = typeof Amounts.Type

export const UnlistedCost = Schema.Struct({
  cost: Amounts,
  /**
   * While failed lines are removed, so that a kill counts what they have cost once: the tags of their errors,
   * and the cost without theirs.
   */
  removal: Schema.optionalKey(Schema.Struct({ tags: Schema.Array(Schema.String), before: Amounts }))
})

export type UnlistedCost = typeof UnlistedCost.Type

export const none: UnlistedCost = { cost: {} }

export const isNone = ({ cost, removal }: UnlistedCost): boolean =>
  removal === undefined && Object.keys(cost).length === 0

/** By currency. */
export const entriesOf = ({ cost }: UnlistedCost): ReadonlyArray<readonly [Currency, BigDecimal.BigDecimal]> =>
  (["USD", "CNY"] as const).flatMap((currency) => {
    const amount = amountOf(cost[currency] ?? "0")
    return cost[currency] === undefined || amount === undefined ? [] : [[currency, amount] as const]
  })

const sumsOf = (unlisted: UnlistedCost): CostSums => {
  const sums = new CostSums()
  for (const [currency, amount] of entriesOf(unlisted)) sums.add(currency, amount)
  return sums
}

/** With what a row has cost that gets no line. */
export const add = (unlisted: UnlistedCost, currency: Currency, amount: BigDecimal.BigDecimal): UnlistedCost => {
  const sums = sumsOf(unlisted)
  sums.add(currency, amount)
  return { ...unlisted, cost: sums.decimals }
}

/** With what lines have cost that are left out of an output. */
export const addAll = (unlisted: UnlistedCost, removed: CostSums): UnlistedCost => {
  const sums = sumsOf(unlisted)
  sums.addAll(removed)
  return { ...unlisted, cost: sums.decimals }
}

/** While all lines with these tags, which have this cost, are removed from an output. */
export const remove = (unlisted: UnlistedCost, tags: ReadonlyArray<string>, removed: CostSums): UnlistedCost => {
  const sums = sumsOf(unlisted)
  sums.addAll(removed)
  return { cost: sums.decimals, removal: { tags, before: unlisted.cost } }
}

/**
 * That of an output with so many failed lines by tag. The lines of a removal go at once: one that is left shows
 * that a kill has prevented it, also when the output has lost others since.
 */
export const settle = (unlisted: UnlistedCost, failedByTag: { readonly [tag: string]: number }): UnlistedCost => {
  const { cost, removal } = unlisted
  if (removal === undefined) return unlisted
  return { cost: removal.tags.some((tag) => Object.hasOwn(failedByTag, tag)) ? removal.before : cost }
}
