/**
 * The deadlines of waiting calls.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"

/**
 * @category models
 * @since 0.1.0
 */
export interface Expiring {
  readonly maxWait: Duration.Duration
  /** The `MonotonicClock` time at which the longest wait ends. */
  readonly expiresAt: number
}

/**
 * Waiters by their deadline. Those with the same longest wait expire in the
 * order in which they were added, so that no sorting is needed.
 *
 * @category models
 * @since 0.1.0
 */
export class WaiterDeadlines<W extends Expiring> {
  readonly #byMaxWait = new Map<number, Set<W>>()

  add(waiter: W): void {
    const maxWait = Duration.toMillis(waiter.maxWait)
    const sameMaxWait = this.#byMaxWait.get(maxWait)
    if (sameMaxWait === undefined) this.#byMaxWait.set(maxWait, new Set([waiter]))
    else sameMaxWait.add(waiter)
  }

  delete(waiter: W): void {
    const maxWait = Duration.toMillis(waiter.maxWait)
    const sameMaxWait = this.#byMaxWait.get(maxWait)
    sameMaxWait?.delete(waiter)
    if (sameMaxWait?.size === 0) this.#byMaxWait.delete(maxWait)
  }

  /** The earliest deadline; infinite when there is no waiter. */
  first(): number {
    let first = Number.POSITIVE_INFINITY
    for (const sameMaxWait of this.#byMaxWait.values()) {
      for (const { expiresAt } of sameMaxWait) {
        first = Math.min(first, expiresAt)
        break
      }
    }
    return first
  }

  /** Calls a function, which may delete it, with every waiter whose deadline has passed. */
  forEachExpired(now: number, use: (waiter: W, now: number) => void): void {
    for (const sameMaxWait of this.#byMaxWait.values()) {
      for (const waiter of sameMaxWait) {
        if (waiter.expiresAt > now) break
        use(waiter, now)
      }
    }
  }
}
