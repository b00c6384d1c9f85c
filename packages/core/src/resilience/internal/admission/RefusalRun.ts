/**
 * Refusals of an account in a row. One refusal concerns its own call; only when
 * no other call is answered do refusals show that the whole account has to wait.
 *
 * @since 0.1.0
 */

import { RateWindow } from "./RateWindow.ts"
import { minuteMillis } from "./UsageWindow.ts"

/** The fewest refusals in a row that count for the account. */
const minRefusals = 4

/**
 * A run of refusals. All times are those of `MonotonicClock`.
 *
 * @category models
 * @since 0.1.0
 */
export class RefusalRun {
  #length = 0
  #answeredAt = Number.NEGATIVE_INFINITY
  /** Refused calls, from the first refusal on. */
  #refused: RateWindow | undefined
  readonly #marginMillis: number

  /** `marginMillis` is added to the minute. */
  constructor(marginMillis: number) {
    this.#marginMillis = marginMillis
  }

  /** Records a call that was answered, which ends the run. */
  recordSuccess(now: number): void {
    this.#length = 0
    this.#answeredAt = now
  }

  /** Records a refusal. */
  recordRefusal(now: number): void {
    this.#length += 1
    this.#refused ??= new RateWindow(minuteMillis + this.#marginMillis, 100)
    this.#refused.add(1, now)
  }

  /** Refusals of the last minute. */
  refusedInMinute(now: number): number {
    return this.#refused?.sum(now) ?? 0
  }

  /** Whether the refusals in a row concern the account: at least four, and half of the calls that run. */
  concernsAccount(inFlight: number): boolean {
    return this.#length >= Math.max(minRefusals, inFlight / 2)
  }

  /** Whether a call was answered lately. */
  isAnsweredSince(at: number): boolean {
    return this.#answeredAt >= at
  }
}
