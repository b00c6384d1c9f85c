/**
 * The usage of an account: calls that run, and what was started in the last
 * minute and day.
 *
 * @since 0.1.0
 */
import type { LimitName, RateName } from "./EffectiveLimits.ts"
import { RateWindow } from "./RateWindow.ts"

/**
 * Milliseconds of the shorter windows.
 *
 * @category constants
 * @since 0.1.0
 */
export const minuteMillis = 60_000

/**
 * Milliseconds of the longer window.
 *
 * @category constants
 * @since 0.1.0
 */
export const dayMillis = 24 * 60 * minuteMillis

/**
 * Requests and tokens.
 *
 * @category models
 * @since 0.1.0
 */
export interface UsageTotals {
  readonly requests: number
  readonly tokens: number
}

/**
 * Requests and tokens of the last minute, and tokens of the last day.
 *
 * @category models
 * @since 0.1.0
 */
export interface DailyUsageTotals extends UsageTotals {
  readonly daily: number
}

/**
 * Usage counted as the host counts it: when a call starts, and permanently.
 * All times are those of `MonotonicClock`.
 *
 * @category models
 * @since 0.1.0
 */
export class UsageWindow {
  readonly requests: RateWindow
  readonly tokens: RateWindow
  readonly daily: RateWindow
  /** Calls that run. */
  inFlight = 0

  /** `marginMillis` is added to the windows: two calls may reach the host closer together than they were sent. */
  constructor(marginMillis: number) {
    this.requests = new RateWindow(minuteMillis + marginMillis, 100)
    this.tokens = new RateWindow(minuteMillis + marginMillis, 100)
    this.daily = new RateWindow(dayMillis + marginMillis, minuteMillis)
  }

  /** Counts a call that starts now. */
  acquire(tokens: number, now: number): void {
    this.inFlight += 1
    this.requests.add(1, now)
    if (tokens === 0) return
    this.tokens.add(tokens, now)
    this.daily.add(tokens, now)
  }

  /** Records that a call has ended. */
  release(): void {
    this.inFlight -= 1
  }

  /** Undoes the count of a call that started at `at` and was never sent. */
  cancel(tokens: number, at: number, now: number): void {
    this.release()
    this.requests.remove(1, at, now)
    this.tokens.remove(tokens, at, now)
    this.daily.remove(tokens, at, now)
  }

  /** The window of a rate. */
  of(name: RateName): RateWindow {
    if (name === "requestsPerMinute") return this.requests
    return name === "tokensPerMinute" ? this.tokens : this.daily
  }

  /** What is used of a limit. */
  used(name: LimitName, now: number): number {
    return name === "concurrency" ? this.inFlight : this.of(name).sum(now)
  }

  /** The totals of the windows. */
  totals(now: number): DailyUsageTotals {
    return { requests: this.requests.sum(now), tokens: this.tokens.sum(now), daily: this.daily.sum(now) }
  }
}
