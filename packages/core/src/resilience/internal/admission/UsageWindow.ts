/**
 * What of an account is in use: calls that run, and what was begun in the
 * latest minute and day.
 *
 * @since 0.1.0
 */
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
 * Counted as the host counts: at the door and for good. All times are Unix
 * milliseconds.
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

  /** Counts a call that begins now. */
  acquire(tokens: number, now: number): void {
    this.inFlight += 1
    this.requests.add(1, now)
    if (tokens === 0) return
    this.tokens.add(tokens, now)
    this.daily.add(tokens, now)
  }

  /** A call has ended. */
  release(): void {
    this.inFlight -= 1
  }

  /** Takes back a call that began at `at` and was never sent. */
  cancel(tokens: number, at: number, now: number): void {
    this.release()
    this.requests.remove(1, at, now)
    this.tokens.remove(tokens, at, now)
    this.daily.remove(tokens, at, now)
  }
}
