/** Counts of the lines of an output, and what the job has cost. */
import type { BigDecimal } from "effect/BigDecimal"
import { CostSums, type Currency } from "../../../batch/internal/CostSums.ts"
import { type LineHead, readHead } from "./output/outputLine.ts"
import { entriesOf, type UnlistedCost } from "./unlistedCost.ts"

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
  /**
   * The cost by currency: the number nearest to the exact sum of the lines and of what is known of rows
   * without a line, which were removed to be run again or have stopped the job.
   */
  readonly cost: { readonly USD?: number; readonly CNY?: number }
}

/**
 * Where a job is: `running` in another process, `interrupted` by a kill, `stopped`
 * before its last row, `finished` with all of its rows, or with a batch `at host`.
 * `unknown` of an output without the record of a job, or with a damaged one.
 *
 * @category models
 * @since 0.1.0
 */
export type JobState = "running" | "interrupted" | "stopped" | "finished" | "at host" | "unknown"

/**
 * What is known of a job by its files.
 *
 * @category models
 * @since 0.1.0
 */
export interface JobStatus extends Status {
  readonly state: JobState
  /** Rows of the input; known when a run has read it to its end. */
  readonly total: number | undefined
  /** Lines of the input that are no rows, of those that the last run has read. */
  readonly rejected: number | undefined
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

  addUnlisted(unlisted: UnlistedCost): void {
    for (const [currency, amount] of entriesOf(unlisted)) this.#cost.add(currency, amount)
  }

  addCost(currency: Currency, amount: BigDecimal): void {
    this.#cost.add(currency, amount)
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
