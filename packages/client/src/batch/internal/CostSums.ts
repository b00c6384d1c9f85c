/** Exact sums of costs, one for each currency. */
import type { Cost } from "@kimi-effect/core/Cost"
import * as Amount from "@kimi-effect/core/internal/Amount"
import * as BigDecimal from "effect/BigDecimal"

export type Currency = Cost["currency"]

/**
 * Units of the smallest decimal so far. Sums of numbers would show binary fractions, such as
 * 0.30000000000000004 for 0.1 and 0.2, and sums of decimals make an object for each amount.
 */
class Sum {
  #units = 0n
  #scale = 0

  add({ scale, value }: BigDecimal.BigDecimal): void {
    if (scale > this.#scale) {
      this.#units *= 10n ** BigInt(scale - this.#scale)
      this.#scale = scale
    }
    this.#units += scale === this.#scale ? value : value * 10n ** BigInt(this.#scale - scale)
  }

  get decimal(): BigDecimal.BigDecimal {
    return BigDecimal.make(this.#units, this.#scale)
  }
}

export class CostSums {
  readonly #sums = new Map<Currency, Sum>()

  add(currency: Currency, amount: BigDecimal.BigDecimal): void {
    let sum = this.#sums.get(currency)
    if (sum === undefined) this.#sums.set(currency, (sum = new Sum()))
    sum.add(amount)
  }

  addAll(others: CostSums): void {
    for (const [currency, { decimal }] of others.#sums) this.add(currency, decimal)
  }

  /** The number nearest to the sum of a currency. */
  of(currency: Currency): number {
    const sum = this.#sums.get(currency)
    return sum === undefined ? 0 : Amount.toNumber(sum.decimal)
  }

  /** Those of the currencies that were added. */
  get numbers(): { readonly [Name in Currency]?: number } {
    return Object.fromEntries([...this.#sums].map(([currency, { decimal }]) => [currency, Amount.toNumber(decimal)]))
  }

  get decimals(): { readonly [Name in Currency]?: string } {
    return Object.fromEntries(
      [...this.#sums].map(([currency, { decimal }]) => [currency, BigDecimal.format(BigDecimal.normalize(decimal))])
    )
  }
}
