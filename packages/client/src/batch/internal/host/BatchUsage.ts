/** What the rows of a batch used together, which is entered once: as one record and one charge. */
import type * as Accounting from "@kimi-effect/core/Accounting"
import * as Cost from "@kimi-effect/core/Cost"
import type * as PriceTable from "@kimi-effect/core/PriceTable"
import * as Usage from "@kimi-effect/core/Usage"
import * as Option from "effect/Option"

type Group = Pick<Accounting.AttemptUsage, "isEstimate" | "model"> & { readonly outcome: "succeeded" | "failed" }

interface Sum extends Group {
  rows: number
  usage: Cost.BillableUsage
}

const sumOfTools = (
  a: ReadonlyMap<string, number> | undefined,
  b: ReadonlyMap<string, number> | undefined
): Pick<Cost.BillableUsage, "toolCalls"> => {
  if (a === undefined && b === undefined) return {}
  const sum = new Map(a)
  for (const [name, count] of b ?? []) sum.set(name, (sum.get(name) ?? 0) + count)
  return { toolCalls: sum }
}

const sumOfWrites = (a = 0, b = 0): Pick<Cost.BillableUsage, "oneHourCacheWrites"> =>
  a + b === 0 ? {} : { oneHourCacheWrites: a + b }

/** A report may have more cached tokens than it has tokens of a prompt. The rows of a sum were served by one model. */
const sumOf = (a: Cost.BillableUsage, b: Cost.BillableUsage): Cost.BillableUsage => ({
  ...Usage.add(a, { ...b, cached_tokens: Math.min(b.cached_tokens, b.prompt_tokens) }),
  ...sumOfTools(a.toolCalls, b.toolCalls),
  ...sumOfWrites(a.oneHourCacheWrites, b.oneHourCacheWrites),
  ...(b.servedModel === undefined ? {} : { servedModel: b.servedModel })
})

export class BatchUsage {
  readonly #sums = new Map<string, Sum>()

  add({ isEstimate, model, outcome }: Group, usage: Cost.BillableUsage): void {
    const key = JSON.stringify([outcome, isEstimate, model, usage.servedModel])
    const sum = this.#sums.get(key) ?? { isEstimate, model, outcome, rows: 0, usage: Usage.fromTokens(0, 0) }
    this.#sums.set(key, sum)
    sum.rows += 1
    sum.usage = sumOf(sum.usage, usage)
  }

  /** One record for each kind of outcome, and for each model that was requested or that the host names. */
  attempts(
    members: Pick<Accounting.AttemptUsage, "account" | "provider" | "tags">
  ): ReadonlyArray<Accounting.AttemptUsage> {
    return [...this.#sums.values()].map(({ isEstimate, model, outcome, rows, usage }) => ({
      ...members,
      model,
      outcome,
      usage,
      isEstimate,
      isBatch: true,
      attempts: rows
    }))
  }

  /** None if a price is not known. `undefined` if nothing was used. */
  cost(
    purchase: Pick<Cost.Purchase, "day" | "provider">,
    prices: PriceTable.Prices
  ): Option.Option<Cost.Cost> | undefined {
    const costs = [...this.#sums.values()].map(({ model, usage }) =>
      Cost.of(usage, { ...purchase, model, isBatch: true }, prices)
    )
    return costs.length === 0 ? undefined : costs.reduce((a, b) => Option.zipWith(a, b, Cost.sum))
  }
}
