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
   * While lines are removed, so that a kill counts what they have cost once: the rows with these lines, and
   * the cost without theirs.
   */
  removal: Schema.optionalKey(Schema.Struct({ rows: Schema.Int, before: Amounts }))
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

/** While lines with this cost are removed from an output with so many rows. */
export const remove = (unlisted: UnlistedCost, rows: number, removed: CostSums): UnlistedCost => {
  const sums = sumsOf(unlisted)
  sums.addAll(removed)
  return { cost: sums.decimals, removal: { rows, before: unlisted.cost } }
}

/** That of an output with so many rows. A removal that a kill has prevented has left all of them. */
export const settle = (unlisted: UnlistedCost, rows: number): UnlistedCost => {
  const { cost, removal } = unlisted
  if (removal === undefined) return unlisted
  return { cost: rows < removal.rows ? cost : removal.before }
}
