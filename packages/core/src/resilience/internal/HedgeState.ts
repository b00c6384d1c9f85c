/**
 * The state of a hedge stage: its counts, its budget, and the latencies from
 * which it derives when a stream is late.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as HedgeBudget from "./HedgeBudget.ts"
import type { RaceHooks } from "./HedgeRace.ts"
import * as Latencies from "./Latencies.ts"

/**
 * When a stream is late.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly delay: Duration.Duration | undefined
  readonly percentile: number | undefined
  readonly minimumSamples: number
  readonly minimumDelay: Duration.Duration
  readonly budget: HedgeBudget.Options | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export class HedgeState implements RaceHooks {
  readonly #options: Options
  readonly #minimumMillis: number
  readonly #budget: HedgeBudget.HedgeBudget
  readonly #latencies = Latencies.make()
  #calls = 0
  #hedges = 0
  #hedgeWins = 0
  #refused = 0

  constructor(options: Options) {
    this.#options = options
    this.#minimumMillis = Duration.toMillis(options.minimumDelay)
    this.#budget = HedgeBudget.make(options.budget)
  }

  /** Counts a call that starts. */
  start(): void {
    this.#calls++
    this.#budget.deposit()
  }

  tryHedge(): boolean {
    const isPaid = this.#budget.withdraw()
    if (isPaid) this.#hedges++
    else this.#refused++
    return isPaid
  }

  onHedgeWon(): void {
    this.#hedgeWins++
  }

  /** The time from which a stream is late; `undefined` if none is. */
  delayOf(key: string): Duration.Duration | undefined {
    const { delay, minimumSamples, percentile } = this.#options
    const learned = percentile === undefined ? undefined : this.#latencies.percentile(key, percentile, minimumSamples)
    return learned === undefined ? delay : Duration.millis(Math.max(this.#minimumMillis, learned))
  }

  /** Records the time to first content of a stream. */
  recordLatency(key: string, millis: number): void {
    this.#latencies.record(key, millis)
  }

  /** The counts so far, and the tokens left in the budget. */
  counts(): {
    readonly calls: number
    readonly hedges: number
    readonly hedgeWins: number
    readonly refused: number
    readonly tokens: number
  } {
    return {
      calls: this.#calls,
      hedges: this.#hedges,
      hedgeWins: this.#hedgeWins,
      refused: this.#refused,
      tokens: this.#budget.tokens()
    }
  }
}
