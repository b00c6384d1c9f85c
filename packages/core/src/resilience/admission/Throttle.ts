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
  #share = 1
  readonly #least: number

  /** The share never falls below `least`. */
  constructor(least: number) {
    this.#least = least
  }

  get share(): number {
    return this.#share
  }

  /** A call was refused, of so many that the share now stands for. */
  refuse(calls: number): void {
    this.#share = Math.max(this.#least, this.#share * (1 - 1 / Math.max(1, calls)))
  }

  /** A call was answered, of so many that the share now stands for. */
  answer(calls: number): void {
    if (this.#share < 1) this.#share = Math.min(1, this.#share + gain / Math.max(1, calls))
  }
}
