/** Counts of the lines of an output. */
import { CostSums } from "../../../batch/internal/CostSums.ts"
import { type LineHead, readHead } from "./outputLine.ts"

/**
 * What an output contains.
 *
 * @category models
 * @since 0.1.0
 */
export interface Status {
  readonly answered: number
  readonly failed: number
  /** Failed rows by the tags of their errors. */
  readonly failedByTag: { readonly [tag: string]: number }
  /** The cost by currency: the number nearest to the exact sum of the lines. */
  readonly cost: { readonly USD?: number; readonly CNY?: number }
}

export class Counts {
  #answered = 0
  #failed = 0
  readonly #failedByTag: Record<string, number> = {}
  readonly #cost = new CostSums()

  add({ cost, currency, tag }: LineHead): void {
    if (tag === undefined) this.#answered += 1
    else {
      this.#failed += 1
      this.#failedByTag[tag] = (this.#failedByTag[tag] ?? 0) + 1
    }
    if (currency !== undefined) this.#cost.add(currency, cost)
  }

  addLine(line: string): void {
    const head = readHead(line)
    if (head !== undefined) this.add(head)
  }

  /** The cost by currency as decimals. */
  get exactCost(): { readonly USD?: string; readonly CNY?: string } {
    return this.#cost.decimals
  }

  get status(): Status {
    return {
      answered: this.#answered,
      failed: this.#failed,
      failedByTag: { ...this.#failedByTag },
      cost: this.#cost.numbers
    }
  }
}
