/**
 * What one process has spent of an account by itself, and how long it has to
 * wait so that it keeps to its share of the limits.
 *
 * It is what a process goes by that cannot hear of the others. For as long as
 * it counts what was spent when it heard of them last, it takes only its share
 * of what was left; for a minute it leaves them the places that they held.
 *
 * @since 0.1.0
 */
import { type RateLimits, scale } from "../../RateLimits.ts"
import { dayMillis, UsageWindow, minuteMillis } from "./UsageWindow.ts"
import type { RateWindow } from "./RateWindow.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface DailyUsageTotals {
  readonly requests: number
  readonly tokens: number
  readonly daily: number
}

/**
 * What was heard of an account.
 *
 * @category models
 * @since 0.1.0
 */
export interface RemoteUsage extends DailyUsageTotals {
  /** Unix milliseconds. */
  readonly at: number
  /** Places that others held. */
  readonly remoteInFlight: number
}

const noUsage = { requests: 0, tokens: 0, daily: 0, others: 0 }

/** A limit of which some is taken until a certain time. */
const waitMillisBeside = (
  window: RateWindow,
  amount: number,
  limit: number | undefined,
  taken: number,
  until: number,
  now: number
): number => {
  if (limit === undefined) return 0
  // A call that is larger than the share goes alone: it would wait forever.
  const most = Math.max(limit, amount)
  const alone = window.waitMillis(amount, most, now)
  if (taken === 0 || until <= now) return alone
  return Math.min(window.waitMillis(amount, most - taken, now), Math.max(alone, until - now))
}

/**
 * The share of one process. All times are Unix milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export class LocalShare {
  readonly #share: number
  readonly #marginMillis: number
  readonly #usageWindow: UsageWindow
  /** What is not this process's to take, beyond what it has spent itself. */
  #takenByOthers = noUsage
  #takenByOthersUntil = 0
  #dailyTakenByOthersUntil = 0

  /** `share` is the part of the limits; `marginMillis` is added to the windows. */
  constructor(share: number, marginMillis: number) {
    this.#share = share
    this.#marginMillis = marginMillis
    this.#usageWindow = new UsageWindow(marginMillis)
  }

  /** Counts a call that begins now. */
  acquire(tokens: number, now: number): void {
    this.#usageWindow.acquire(tokens, now)
  }

  /** A call has ended. */
  release(): void {
    this.#usageWindow.release()
  }

  /** Takes back a call that began at `at` and was never sent. */
  cancel(tokens: number, at: number, now: number): void {
    this.#usageWindow.cancel(tokens, at, now)
  }

  /** Believes what was heard last of the account; `own` is what of it is this process's own. */
  applyRemoteUsage(heard: RemoteUsage, own: DailyUsageTotals, now: number): void {
    const isNews = heard.at + minuteMillis > now
    const before = this.#takenByOthersUntil > now ? this.#takenByOthers : noUsage
    const daily = this.#dailyTakenByOthersUntil > now ? this.#takenByOthers.daily : 0
    const beyond = (all: number, mine: number): number => Math.ceil(all * this.#share) - mine
    this.#takenByOthers = {
      requests: Math.max(before.requests, isNews ? beyond(heard.requests, own.requests) : 0),
      tokens: Math.max(before.tokens, isNews ? beyond(heard.tokens, own.tokens) : 0),
      others: Math.max(before.others, isNews ? heard.remoteInFlight : 0),
      daily: Math.max(daily, heard.at + dayMillis > now ? beyond(heard.daily, own.daily) : 0)
    }
    this.#takenByOthersUntil = now + minuteMillis + this.#marginMillis
    this.#dailyTakenByOthersUntil = now + dayMillis + this.#marginMillis
  }

  /**
   * Milliseconds until there is room for a call in the share of these limits:
   * 0 when there is now, infinite when a call has to end first.
   */
  waitMillis(tokens: number, limits: RateLimits, now: number): number {
    const { concurrency, requestsPerMinute, tokensPerDay, tokensPerMinute } = scale(limits, this.#share)
    const until = this.#takenByOthersUntil
    let wait = 0
    if (concurrency !== undefined && limits.concurrency !== undefined) {
      if (this.#usageWindow.inFlight >= concurrency) return Number.POSITIVE_INFINITY
      if (until > now && this.#usageWindow.inFlight + this.#takenByOthers.others >= limits.concurrency)
        wait = until - now
    }
    return Math.max(
      wait,
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

  /** What this process has spent by itself. */
  totals(now: number): DailyUsageTotals {
    return {
      requests: this.#usageWindow.requests.sum(now),
      tokens: this.#usageWindow.tokens.sum(now),
      daily: this.#usageWindow.daily.sum(now)
    }
  }
}
