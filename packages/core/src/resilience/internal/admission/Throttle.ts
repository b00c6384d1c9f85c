/**
 * The part of a limit that is used after the host refused calls.
 *
 * Every refusal takes away what one call is worth, and every answer gives back
 * a tenth of that. So a host that refuses one call in a hundred is not slowed
 * down for, one that refuses one in ten is used to nine tenths, and one that
 * refuses all is left with a call at a time within as many calls as ran at once.
 *
 * @since 0.1.0
 */

/** What an answer gives back of what a refusal takes. */
const gain = 0.1

/**
 * A share of a limit, over 0 to 1.
 *
 * @category models
 * @since 0.1.0
 */
export class Throttle {
  #factor = 1
  readonly #minFactor: number

  /** The share never falls below `least`. */
  constructor(least: number) {
    this.#minFactor = least
  }

  get factor(): number {
    return this.#factor
  }

  /** A call was refused, of so many that the share now stands for. */
  decrease(calls: number): void {
    this.#factor = Math.max(this.#minFactor, this.#factor * (1 - 1 / Math.max(1, calls)))
  }

  /** A call was answered, of so many that the share now stands for. */
  increase(calls: number): void {
    if (this.#factor < 1) this.#factor = Math.min(1, this.#factor + gain / Math.max(1, calls))
  }
}
