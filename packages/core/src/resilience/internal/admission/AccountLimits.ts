/**
 * One account's limits and what is in use of them: concurrency, requests and
 * tokens per minute, tokens per day, decided together.
 *
 * It counts as the host does, at the door and for good. It also learns: a
 * refusal that names a limit or the use of it is believed for ten minutes, a
 * refusal that names nothing slows the account down, and answers speed it up
 * again, never above the limits that were given.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { KimiError } from "../../../errors/KimiError.ts"
import type { RateStatus } from "../../../models/RateStatus.ts"
import type { RateLimits } from "../../RateLimits.ts"
import { UsageWindow, minuteMillis } from "./UsageWindow.ts"
import type { RateWindow } from "./RateWindow.ts"
import { Throttle } from "./Throttle.ts"

/** How long a limit that the host named is believed; it may have been lowered for a time, or raised since. */
const learnedLimitMillis = 10 * minuteMillis
/** How long to leave a host alone whose day is used up, when it does not say. */
const dailyLimitPause = Duration.millis(10 * minuteMillis)
/** The share of a rate is of as many calls as a minute sees, and at least of these. */
const minCallsPerMinute = 10

const lowerLimit = (known: number | undefined, told: number | undefined): number | undefined =>
  told === undefined || told < 1 ? known : known === undefined ? told : Math.min(known, told)

/**
 * What is in use of an account.
 *
 * @category models
 * @since 0.1.0
 */
export interface AccountUsage {
  /** Calls that run. */
  readonly inFlight: number
  /** Calls that may run at the same time, as learned; infinite when no limit is known. */
  readonly concurrency: number
  /** Part of the rates that is used since the host refused calls; 1 when it does not. */
  readonly pace: number
  readonly requestsInMinute: number
  readonly tokensInMinute: number
  readonly tokensInDay: number
  /** Unix milliseconds until which the host asked to be left alone. */
  readonly pausedUntil: number
}

/**
 * The decision over one account. All times are Unix milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export class AccountLimits {
  #limits: RateLimits
  readonly #usageWindow: UsageWindow
  #configuredLimits: RateLimits
  /** Unix milliseconds until which limits are believed that the host named. */
  #learnedUntil = 0
  readonly #concurrencyThrottle = new Throttle(0.01)
  readonly #rateThrottle = new Throttle(0.1)
  /** Calls at once when the host first refused, where no limit is known. */
  #learnedConcurrency = Number.POSITIVE_INFINITY
  #pausedUntil = 0

  /** `marginMillis` is added to the windows. */
  constructor(limits: RateLimits, marginMillis: number) {
    this.#limits = limits
    this.#configuredLimits = limits
    this.#usageWindow = new UsageWindow(marginMillis)
  }

  /**
   * Takes other limits in place of those given, at once: what runs is counted
   * on, and nobody is let in until it fits. A limit that stays as it was given
   * stays as the host has named it; one that changes is newer than its word.
   */
  change(limits: RateLimits): void {
    const given = this.#configuredLimits
    const after = (name: keyof RateLimits) => (limits[name] === given[name] ? this.#limits[name] : limits[name])
    this.#configuredLimits = limits
    this.#limits = {
      concurrency: after("concurrency"),
      requestsPerMinute: after("requestsPerMinute"),
      tokensPerMinute: after("tokensPerMinute"),
      tokensPerDay: after("tokensPerDay")
    }
  }

  /** Whether tokens matter, so that nobody counts them in vain. */
  get countsTokens(): boolean {
    return this.#limits.tokensPerMinute !== undefined || this.#limits.tokensPerDay !== undefined
  }

  /** The limits as far as they are known. */
  get limits(): RateLimits {
    return this.#limits
  }

  /** The limit that a call of so many tokens exceeds all by itself. */
  exceededLimit(
    tokens: number
  ): { readonly kind: "tokens per minute" | "tokens per day"; readonly limit: number } | undefined {
    const { tokensPerDay, tokensPerMinute } = this.#limits
    if (tokensPerMinute !== undefined && tokens > tokensPerMinute) {
      return { kind: "tokens per minute", limit: tokensPerMinute }
    }
    if (tokensPerDay !== undefined && tokens > tokensPerDay) return { kind: "tokens per day", limit: tokensPerDay }
    return undefined
  }

  /**
   * Milliseconds until there is room for a call; 0 when there is now, infinite
   * when a call has to end first.
   */
  waitMillis(tokens: number, now: number): number {
    if (now >= this.#learnedUntil) this.#limits = this.#configuredLimits
    const { requestsPerMinute, tokensPerDay, tokensPerMinute } = this.#limits
    if (this.#usageWindow.inFlight >= this.#maxConcurrency()) return Number.POSITIVE_INFINITY
    let wait = Math.max(0, this.#pausedUntil - now)
    if (requestsPerMinute !== undefined) {
      wait = Math.max(wait, this.#usageWindow.requests.waitMillis(1, this.#throttled(requestsPerMinute, 1), now))
    }
    if (tokensPerMinute !== undefined) {
      wait = Math.max(wait, this.#usageWindow.tokens.waitMillis(tokens, this.#throttled(tokensPerMinute, tokens), now))
    }
    if (tokensPerDay !== undefined) wait = Math.max(wait, this.#usageWindow.daily.waitMillis(tokens, tokensPerDay, now))
    return wait
  }

  /** Counts a call that begins now. */
  acquire(tokens: number, now: number): void {
    this.#usageWindow.acquire(this.countsTokens ? tokens : 0, now)
  }

  /** A call has ended. */
  release(): void {
    this.#usageWindow.release()
  }

  /** Takes back a call that began at `at` and was never sent. */
  cancel(tokens: number, at: number, now: number): void {
    this.#usageWindow.cancel(tokens, at, now)
  }

  /** Learns from an answer: what was slowed down comes back bit by bit. */
  recordSuccess(now: number): void {
    this.#concurrencyThrottle.increase(this.#maxConcurrency())
    this.#rateThrottle.increase(this.#callsPerMinute(now))
    if (this.#concurrencyThrottle.factor === 1) this.#learnedConcurrency = Number.POSITIVE_INFINITY
  }

  /** Learns from what the host tells beside an answer: what others have used, and when it will refuse. */
  recordRateStatus({ limit, remaining, reset }: RateStatus, now: number): void {
    this.#learnLimit("requestsPerMinute", limit, now)
    if (remaining === undefined) return
    const most = limit ?? this.#limits.requestsPerMinute
    if (most !== undefined) this.#addUnseen(this.#usageWindow.requests, most - remaining, now)
    if (remaining === 0 && reset !== undefined) this.#pause(Duration.millis(reset), now)
  }

  /** Learns from a refusal. Other errors say nothing about limits. */
  recordFailure(error: KimiError, now: number): void {
    switch (error._tag) {
      case "OverloadedError":
        this.#reduceConcurrency()
        return this.#pause(error.retryAfter, now)
      case "DailyLimitError":
        this.#learnLimit("tokensPerDay", error.limit, now)
        return this.#pause(error.retryAfter ?? dailyLimitPause, now)
      case "RateLimitError":
        this.#recordRateLimitError(error, now)
        return this.#pause(error.retryAfter, now)
    }
  }

  /** What is in use now. */
  usage(now: number): AccountUsage {
    return {
      inFlight: this.#usageWindow.inFlight,
      concurrency: this.#maxConcurrency(),
      pace: this.#rateThrottle.factor,
      requestsInMinute: this.#usageWindow.requests.sum(now),
      tokensInMinute: this.#usageWindow.tokens.sum(now),
      tokensInDay: this.#usageWindow.daily.sum(now),
      pausedUntil: this.#pausedUntil
    }
  }

  /** Calls that may run at once. */
  #maxConcurrency(): number {
    const most = this.#limits.concurrency ?? this.#learnedConcurrency
    return most === Number.POSITIVE_INFINITY ? most : Math.max(1, Math.floor(most * this.#concurrencyThrottle.factor))
  }

  #callsPerMinute(now: number): number {
    return Math.max(minCallsPerMinute, this.#usageWindow.requests.sum(now))
  }

  /** A slowed-down limit still lets the largest lawful call through. */
  #throttled(limit: number, amount: number): number {
    return this.#rateThrottle.factor === 1 ? limit : Math.max(limit * this.#rateThrottle.factor, amount)
  }

  #recordRateLimitError(
    { current, kind, limit }: Extract<KimiError, { readonly _tag: "RateLimitError" }>,
    now: number
  ): void {
    switch (kind) {
      case "concurrency":
        this.#learnLimit("concurrency", limit, now)
        return this.#reduceConcurrency()
      case "requests per minute":
        if (this.#learnLimit("requestsPerMinute", limit, now)) return
        break
      case "tokens per minute": {
        const isNews = this.#learnLimit("tokensPerMinute", limit, now)
        // The host's own count says it all: others use the account too, or our estimates were low.
        if (this.#addUnseen(this.#usageWindow.tokens, current, now) || isNews) return
      }
    }
    this.#reduceRate(now)
  }

  #reduceConcurrency(): void {
    // The refused call has left already.
    if (this.#limits.concurrency === undefined)
      this.#learnedConcurrency = Math.min(this.#learnedConcurrency, this.#usageWindow.inFlight + 1)
    this.#concurrencyThrottle.decrease(this.#maxConcurrency())
  }

  #reduceRate(now: number): void {
    const { requestsPerMinute, tokensPerMinute } = this.#limits
    // Without a rate to slow down, fewer calls at once are all that is left.
    if (requestsPerMinute === undefined && tokensPerMinute === undefined) return this.#reduceConcurrency()
    this.#rateThrottle.decrease(this.#callsPerMinute(now))
  }

  /** Takes over a limit that the host names, for a time, when it is lower than ours; tells whether it was. */
  #learnLimit(name: keyof RateLimits, told: number | undefined, now: number): boolean {
    const known = this.#limits[name]
    const limit = lowerLimit(known, told)
    if (told === undefined || limit === undefined) return false
    if (limit === told) this.#learnedUntil = now + learnedLimitMillis
    if (limit === known) return false
    this.#limits = { ...this.#limits, [name]: limit }
    return true
  }

  /** Counts what the host has counted beyond our count; tells whether there was any. */
  #addUnseen(window: RateWindow, counted: number | undefined, now: number): boolean {
    const unseen = (counted ?? 0) - window.sum(now)
    if (unseen > 0) window.add(unseen, now)
    return unseen > 0
  }

  #pause(retryAfter: Duration.Duration | undefined, now: number): void {
    if (retryAfter === undefined) return
    this.#pausedUntil = Math.max(this.#pausedUntil, now + Duration.toMillis(retryAfter))
  }
}
