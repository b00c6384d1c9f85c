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
import { type RateLimits, scale } from "../RateLimits.ts"
import { day, InUse, minute } from "./InUse.ts"
import type { RateWindow } from "./RateWindow.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Spent {
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
export interface Heard extends Spent {
  /** Unix milliseconds. */
  readonly at: number
  /** Places that others held. */
  readonly others: number
}

const none = { requests: 0, tokens: 0, daily: 0, others: 0 }

/** A limit of which some is taken until a certain time. */
const waitBeside = (
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
  const alone = window.wait(amount, most, now)
  if (taken === 0 || until <= now) return alone
  return Math.min(window.wait(amount, most - taken, now), Math.max(alone, until - now))
}

/**
 * The share of one process. All times are Unix milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export class OwnShare {
  readonly #share: number
  readonly #marginMillis: number
  readonly #used: InUse
  /** What is not this process's to take, beyond what it has spent itself. */
  #taken = none
  #takenUntil = 0
  #takenDailyUntil = 0

  /** `share` is the part of the limits; `marginMillis` is added to the windows. */
  constructor(share: number, marginMillis: number) {
    this.#share = share
    this.#marginMillis = marginMillis
    this.#used = new InUse(marginMillis)
  }

  /** Counts a call that begins now. */
  enter(tokens: number, now: number): void {
    this.#used.enter(tokens, now)
  }

  /** A call has ended. */
  leave(): void {
    this.#used.leave()
  }

  /** Takes back a call that began at `at` and was never sent. */
  cancel(tokens: number, at: number, now: number): void {
    this.#used.cancel(tokens, at, now)
  }

  /** Believes what was heard last of the account; `own` is what of it is this process's own. */
  assume(heard: Heard, own: Spent, now: number): void {
    const isNews = heard.at + minute > now
    const before = this.#takenUntil > now ? this.#taken : none
    const daily = this.#takenDailyUntil > now ? this.#taken.daily : 0
    const beyond = (all: number, mine: number): number => Math.ceil(all * this.#share) - mine
    this.#taken = {
      requests: Math.max(before.requests, isNews ? beyond(heard.requests, own.requests) : 0),
      tokens: Math.max(before.tokens, isNews ? beyond(heard.tokens, own.tokens) : 0),
      others: Math.max(before.others, isNews ? heard.others : 0),
      daily: Math.max(daily, heard.at + day > now ? beyond(heard.daily, own.daily) : 0)
    }
    this.#takenUntil = now + minute + this.#marginMillis
    this.#takenDailyUntil = now + day + this.#marginMillis
  }

  /**
   * Milliseconds until there is room for a call in the share of these limits:
   * 0 when there is now, infinite when a call has to end first.
   */
  wait(tokens: number, limits: RateLimits, now: number): number {
    const { concurrency, requestsPerMinute, tokensPerDay, tokensPerMinute } = scale(limits, this.#share)
    const until = this.#takenUntil
    let wait = 0
    if (concurrency !== undefined && limits.concurrency !== undefined) {
      if (this.#used.calls >= concurrency) return Number.POSITIVE_INFINITY
      if (until > now && this.#used.calls + this.#taken.others >= limits.concurrency) wait = until - now
    }
    return Math.max(
      wait,
      waitBeside(this.#used.requests, 1, requestsPerMinute, this.#taken.requests, until, now),
      waitBeside(this.#used.tokens, tokens, tokensPerMinute, this.#taken.tokens, until, now),
      waitBeside(this.#used.daily, tokens, tokensPerDay, this.#taken.daily, this.#takenDailyUntil, now)
    )
  }

  /** What this process has spent by itself. */
  spent(now: number): Spent {
    return {
      requests: this.#used.requests.sum(now),
      tokens: this.#used.tokens.sum(now),
      daily: this.#used.daily.sum(now)
    }
  }
}
