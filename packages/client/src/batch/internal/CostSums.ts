/** Exact sums of costs, one for each currency. */
import type { Cost } from "@kimi-effect/core/Cost"
import * as Amount from "@kimi-effect/core/internal/Amount"
import * as BigDecimal from "effect/BigDecimal"

export type Currency = Cost["currency"]

const zero = BigDecimal.fromBigInt(0n)

/** Sums of numbers would show binary fractions, such as 0.30000000000000004 for 0.1 and 0.2. */
export class CostSums {
  readonly #sums = new Map<Currency, BigDecimal.BigDecimal>()

  add(currency: Currency, amount: BigDecimal.BigDecimal): void {
    const sum = this.#sums.get(currency)
    this.#sums.set(currency, sum === undefined ? amount : BigDecimal.sum(sum, amount))
  }

  /** The number nearest to the sum of a currency. */
  of(currency: Currency): number {
    return Amount.toNumber(this.#sums.get(currency) ?? zero)
  }

  /** Those of the currencies that were added. */
  get numbers(): { readonly [Name in Currency]?: number } {
    return Object.fromEntries([...this.#sums].map(([currency, sum]) => [currency, Amount.toNumber(sum)]))
  }

  get decimals(): { readonly [Name in Currency]?: string } {
    return Object.fromEntries(
      [...this.#sums].map(([currency, sum]) => [currency, BigDecimal.format(BigDecimal.normalize(sum))])
    )
  }
}
