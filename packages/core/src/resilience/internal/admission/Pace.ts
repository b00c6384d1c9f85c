/**
 * How much of its limits an account uses after refusals that neither a limit nor
 * our own count explains.
 *
 * @since 0.1.0
 */
import { Throttle } from "./Throttle.ts"

/** The rates are reduced as if there were at least this many calls per minute. */
const minCallsPerMinute = 10

/** Floating-point products may be slightly above the exact whole number. */
const roundingError = 1e-9

/**
 * The pace of one account: the part of its concurrency and of its rates.
 *
 * @category models
 * @since 0.1.0
 */
export class Pace {
  readonly #concurrency = new Throttle(0.01)
  readonly #rates = new Throttle(0.1)
  /** Concurrent calls when the host first refused one, if no limit is known. */
  #learnedConcurrency = Number.POSITIVE_INFINITY

  /** The fraction of the rates. */
  get factor(): number {
    return this.#rates.factor
  }

  /** The concurrency limit before throttling; infinite if none is known. */
  concurrencyLimit(limit: number | undefined): number {
    return limit ?? this.#learnedConcurrency
  }

  /** Calls that may run at once under a limit. */
  concurrency(limit: number | undefined): number {
    return Math.max(1, Math.floor(this.concurrencyLimit(limit) * this.#concurrency.factor))
  }

  /** A rate: a whole number, so that 3 calls a minute do not become 2, and at least the largest permitted call. */
  rate(limit: number, amount: number): number {
    const { factor } = this.#rates
    return factor === 1 ? limit : Math.max(Math.ceil(limit * factor - roundingError), amount)
  }

  /** Reduces the calls that may run at once; `inFlight` are left without the refused one. */
  reduceConcurrency(limit: number | undefined, inFlight: number): void {
    if (limit === undefined) this.#learnedConcurrency = Math.min(this.#learnedConcurrency, inFlight + 1)
    this.#concurrency.decrease(this.concurrency(limit))
  }

  /** Reduces the rates. */
  reduceRates(callsPerMinute: number): void {
    this.#rates.decrease(Math.max(minCallsPerMinute, callsPerMinute))
  }

  /** Recovers by one step after a success. */
  recover(limit: number | undefined, callsPerMinute: number): void {
    this.#concurrency.increase(this.concurrency(limit))
    this.#rates.increase(Math.max(minCallsPerMinute, callsPerMinute))
    if (this.#concurrency.factor === 1) this.#learnedConcurrency = Number.POSITIVE_INFINITY
  }
}
