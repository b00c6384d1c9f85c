/**
 * The usage of an account by one process, and how long it has to wait to stay
 * within its share of the limits.
 *
 * It applies while the usage of other processes cannot be read. As long as
 * their last known usage counts, the process takes only its share of what was
 * left; for a minute it also leaves them the permits that they held.
 *
 * @since 0.1.0
 */
import { type RateLimits, scale } from "../../RateLimits.ts"
import { type DailyUsageTotals, dayMillis, minuteMillis, UsageWindow } from "./UsageWindow.ts"
import type { RateWindow } from "./RateWindow.ts"

/**
 * The last known usage of an account by all processes.
 *
 * @category models
 * @since 0.1.0
 */
export interface RemoteUsage extends DailyUsageTotals {
  /** Of `MonotonicClock`. */
  readonly at: number
  /** Permits that other processes held. */
  readonly remoteInFlight: number
}

const noUsage = { requests: 0, tokens: 0, daily: 0, inFlight: 0 }

/** The wait under a limit of which `taken` is not available until a certain time. */
const waitMillisBeside = (
  window: RateWindow,
  amount: number,
  limit: number | undefined,
  taken: number,
  until: number,
  now: number
): number => {
  if (limit === undefined) return 0
  // A call that is larger than the share is admitted alone: it would wait forever.
  const most = Math.max(limit, amount)
  const alone = window.waitMillis(amount, most, now)
  return Math.min(window.waitMillis(amount, most - taken, now), Math.max(alone, until - now))
}

/**
 * The share of one process. All times are those of `MonotonicClock`.
 *
 * @category models
 * @since 0.1.0
 */
export class LocalShare {
  readonly #share: number
  readonly #marginMillis: number
  readonly #usageWindow: UsageWindow
  /** What is reserved for other processes, beyond this process's own usage. */
  #takenByOthers = noUsage
  #takenByOthersUntil = 0
  #dailyTakenByOthersUntil = 0

  /** `share` is the fraction of the limits; `marginMillis` is added to the windows. */
  constructor(share: number, marginMillis: number) {
    this.#share = share
    this.#marginMillis = marginMillis
    this.#usageWindow = new UsageWindow(marginMillis)
  }

  /** Counts a call that starts now. */
  acquire(tokens: number, now: number): void {
    this.#usageWindow.acquire(tokens, now)
  }

  /** Records that a call has ended. */
  release(): void {
    this.#usageWindow.release()
  }

  /** Undoes the count of a call that started at `at` and was never sent. */
  cancel(tokens: number, at: number, now: number): void {
    this.#usageWindow.cancel(tokens, at, now)
  }

  /** Applies the last known usage of all processes; `own` is the part of it that is this process's. */
  applyRemoteUsage(remote: RemoteUsage, own: DailyUsageTotals, now: number): void {
    const isRecent = remote.at + minuteMillis > now
    const before = this.#takenByOthersUntil > now ? this.#takenByOthers : noUsage
    const daily = this.#dailyTakenByOthersUntil > now ? this.#takenByOthers.daily : 0
    const beyond = (all: number, mine: number): number => Math.ceil(all * this.#share) - mine
    this.#takenByOthers = {
      requests: Math.max(before.requests, isRecent ? beyond(remote.requests, own.requests) : 0),
      tokens: Math.max(before.tokens, isRecent ? beyond(remote.tokens, own.tokens) : 0),
      inFlight: Math.max(before.inFlight, isRecent ? remote.remoteInFlight : 0),
      daily: Math.max(daily, remote.at + dayMillis > now ? beyond(remote.daily, own.daily) : 0)
    }
    this.#takenByOthersUntil = now + minuteMillis + this.#marginMillis
    this.#dailyTakenByOthersUntil = now + dayMillis + this.#marginMillis
  }

  /**
   * Milliseconds until there is capacity for a call in the share of these
   * limits: 0 if there is now, infinite if a call has to end first.
   */
  waitMillis(tokens: number, limits: RateLimits, now: number): number {
    const { concurrency: all = Number.POSITIVE_INFINITY } = limits
    const { concurrency = all, requestsPerMinute, tokensPerDay, tokensPerMinute } = scale(limits, this.#share)
    const { inFlight } = this.#usageWindow
    if (inFlight >= concurrency) return Number.POSITIVE_INFINITY
    const until = this.#takenByOthersUntil
    return Math.max(
      inFlight + this.#takenByOthers.inFlight >= all ? until - now : 0,
      waitMillisBeside(this.#usageWindow.requests, 1, requestsPerMinute, this.#takenByOthers.requests, until, now),
      waitMillisBeside(this.#usageWindow.tokens, tokens, tokensPerMinute, this.#takenByOthers.tokens, until, now),
      waitMillisBeside(
        this.#usageWindow.daily,
        tokens,
        tokensPerDay,
        this.#takenByOthers.daily,
        this.#dailyTakenByOthersUntil,
        now
      )
    )
  }

  /** The usage of this process. */
  totals(now: number): DailyUsageTotals {
    return this.#usageWindow.totals(now)
  }
}
