/**
 * The fraction of a limit that is used after the host refused calls.
 *
 * Every refusal removes what one call is worth, and every success returns a
 * tenth of that. A host that refuses one call in a hundred is therefore not
 * throttled, one that refuses one in ten is used to 90 %, and one that refuses
 * everything gets one call at a time after as many calls as ran at once.
 *
 * @since 0.1.0
 */

/** What a success returns, as a fraction of what a refusal removes. */
const gain = 0.1

/**
 * A fraction of a limit, above 0 and at most 1.
 *
 * @category models
 * @since 0.1.0
 */
export class Throttle {
  #factor = 1
  readonly #minFactor: number

  /** The fraction never falls below `minFactor`. */
  constructor(minFactor: number) {
    this.#minFactor = minFactor
  }

  get factor(): number {
    return this.#factor
  }

  /** Records a refusal. `calls` is the number of calls that the fraction stands for now. */
  decrease(calls: number): void {
    this.#factor = Math.max(this.#minFactor, this.#factor * (1 - 1 / Math.max(1, calls)))
  }

  /** Records a success. `calls` is the number of calls that the fraction stands for now. */
  increase(calls: number): void {
    this.#factor = Math.min(1, this.#factor + gain / Math.max(1, calls))
  }
}
