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
import { RateWindow } from "./RateWindow.ts"

const minute = 60_000
const day = 24 * 60 * minute

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
  readonly #requests: RateWindow
  readonly #tokens: RateWindow
  readonly #daily: RateWindow
  #inFlight = 0
  /** What is not this process's to take, beyond what it has spent itself. */
  #taken = none
  #takenUntil = 0
  #takenDailyUntil = 0

  /** `share` is the part of the limits; `marginMillis` is added to the windows. */
  constructor(share: number, marginMillis: number) {
    this.#share = share
    this.#marginMillis = marginMillis
    this.#requests = new RateWindow(minute + marginMillis, 100)
    this.#tokens = new RateWindow(minute + marginMillis, 100)
    this.#daily = new RateWindow(day + marginMillis, minute)
  }

  /** Counts a call that begins now. */
  enter(tokens: number, now: number): void {
    this.#inFlight += 1
    this.#requests.add(1, now)
    this.#tokens.add(tokens, now)
    this.#daily.add(tokens, now)
  }

  /** A call has ended. */
  leave(): void {
    this.#inFlight -= 1
  }

  /** Takes back a call that began at `at` and was never sent. */
  cancel(tokens: number, at: number, now: number): void {
    this.leave()
    this.#requests.remove(1, at, now)
    this.#tokens.remove(tokens, at, now)
    this.#daily.remove(tokens, at, now)
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
      if (this.#inFlight >= concurrency) return Number.POSITIVE_INFINITY
      if (until > now && this.#inFlight + this.#taken.others >= limits.concurrency) wait = until - now
    }
    return Math.max(
      wait,
      waitBeside(this.#requests, 1, requestsPerMinute, this.#taken.requests, until, now),
      waitBeside(this.#tokens, tokens, tokensPerMinute, this.#taken.tokens, until, now),
      waitBeside(this.#daily, tokens, tokensPerDay, this.#taken.daily, this.#takenDailyUntil, now)
    )
  }

  /** What this process has spent by itself. */
  spent(now: number): Spent {
    return { requests: this.#requests.sum(now), tokens: this.#tokens.sum(now), daily: this.#daily.sum(now) }
  }
}
