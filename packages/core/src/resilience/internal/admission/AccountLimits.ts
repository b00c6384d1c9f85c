/**
 * One account's limits and its usage: concurrency, requests and tokens per
 * minute, tokens per day, decided together.
 *
 * It counts as the host does, when a call starts and permanently. It also
 * learns from the host: a refusal that names a limit, or the usage of it,
 * applies for ten minutes; a refusal that names neither throttles the account,
 * and successful calls undo that, never above the configured limits.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { KimiError } from "../../../errors/KimiError.ts"
import type { RateStatus } from "../../../models/RateStatus.ts"
import type { RateLimits } from "../../RateLimits.ts"
import type { Outcome } from "./Limiter.ts"
import { UsageWindow, minuteMillis } from "./UsageWindow.ts"
import type { RateWindow } from "./RateWindow.ts"
import { Throttle } from "./Throttle.ts"

/** How long a limit applies that the host named: it may have been lowered temporarily, or raised since. */
const learnedLimitMillis = 10 * minuteMillis
/** The pause after a daily limit, if the host requests none. */
const dailyLimitPause = Duration.millis(10 * minuteMillis)
/** The least number of calls per minute by which the rate throttle is scaled. */
const minCallsPerMinute = 10

const lowerLimit = (known: number | undefined, named: number | undefined): number | undefined => {
  if (named === undefined || named < 1) return known
  return known === undefined ? named : Math.min(known, named)
}

/**
 * The usage of an account.
 *
 * @category models
 * @since 0.1.0
 */
export interface AccountUsage {
  /** Calls that run. */
  readonly inFlight: number
  /** Calls that may run at once, after throttling; infinite when no limit is known. */
  readonly concurrency: number
  /** The fraction of the rates that is used after refusals; 1 without any. */
  readonly pace: number
  readonly requestsInMinute: number
  readonly tokensInMinute: number
  readonly tokensInDay: number
  /** The time in milliseconds until which the host requested a pause; 0 without any. */
  readonly pausedUntil: number
}

/**
 * The end of a pause as a Unix time, which means something outside of this
 * process; 0 stays 0.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toUnixTime = (pausedUntil: number, unixOffset: number): number =>
  pausedUntil === 0 ? 0 : pausedUntil + unixOffset

/** Whether a limit counts per minute. One that resets later has a longer window, and its counts are no rate. */
const isPerMinute = ({ reset = 0, window }: RateStatus): boolean =>
  window === undefined ? reset <= minuteMillis : window === minuteMillis

/**
 * The limits and usage of one account. All times are those of `MonotonicClock`.
 *
 * @category models
 * @since 0.1.0
 */
export class AccountLimits {
  #limits: RateLimits
  readonly #usageWindow: UsageWindow
  #configuredLimits: RateLimits
  /** The time until which learned limits apply. */
  #learnedUntil = 0
  readonly #concurrencyThrottle = new Throttle(0.01)
  readonly #rateThrottle = new Throttle(0.1)
  /** Concurrent calls when the host first refused one, if no limit is known. */
  #learnedConcurrency = Number.POSITIVE_INFINITY
  #pausedUntil = 0

  /** `marginMillis` is added to the windows. */
  constructor(limits: RateLimits, marginMillis: number) {
    this.#limits = limits
    this.#configuredLimits = limits
    this.#usageWindow = new UsageWindow(marginMillis)
  }

  /**
   * Replaces the configured limits at once: running calls stay counted, and
   * none is admitted until they fit. A limit that does not change keeps what
   * was learned from the host; one that does change replaces it.
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

  /** Calls that run. */
  get inFlight(): number {
    return this.#usageWindow.inFlight
  }

  /** Whether a token limit applies, so that tokens are only estimated when needed. */
  get countsTokens(): boolean {
    return this.#limits.tokensPerMinute !== undefined || this.#limits.tokensPerDay !== undefined
  }

  /** The limits that apply now: configured or learned. */
  get limits(): RateLimits {
    return this.#limits
  }

  /** The limit that a call with this many tokens exceeds on its own. */
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
   * Milliseconds until there is capacity for a call; 0 if there is now,
   * infinite if a call has to end first.
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

  /** Counts a call that starts now. */
  acquire(tokens: number, now: number): void {
    this.#usageWindow.acquire(this.countsTokens ? tokens : 0, now)
  }

  /** Records that a call has ended. */
  release(): void {
    this.#usageWindow.release()
  }

  /** Undoes the count of a call that started at `at` and was never sent. */
  cancel(tokens: number, at: number, now: number): void {
    this.#usageWindow.cancel(tokens, at, now)
  }

  /** Records how a call ended. An interrupted call is ignored. */
  recordOutcome(outcome: Outcome, now: number): void {
    if (outcome === "success") this.recordSuccess(now)
    else if (outcome !== "interrupted") this.recordFailure(outcome, now)
  }

  /** Learns from a success: throttled limits recover step by step. */
  recordSuccess(now: number): void {
    this.#concurrencyThrottle.increase(this.#maxConcurrency())
    this.#rateThrottle.increase(this.#callsPerMinute(now))
    if (this.#concurrencyThrottle.factor === 1) this.#learnedConcurrency = Number.POSITIVE_INFINITY
  }

  /** Learns from rate-limit headers: the usage of other clients, and when the host will refuse. */
  recordRateStatus(status: RateStatus, now: number): void {
    const { limit, remaining, reset } = status
    if (isPerMinute(status)) {
      this.#learnLimit("requestsPerMinute", limit, now)
      const most = limit ?? this.#limits.requestsPerMinute
      if (most !== undefined && remaining !== undefined) {
        this.#addUnseen(this.#usageWindow.requests, most - remaining, now)
      }
    }
    if (remaining === 0 && reset !== undefined) this.#pause(Duration.millis(reset), now)
  }

  /** Learns from a refusal. Other errors are ignored. */
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

  /** The usage now. */
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

  /** Calls that may run at once, after throttling. */
  #maxConcurrency(): number {
    const most = this.#limits.concurrency ?? this.#learnedConcurrency
    return most === Number.POSITIVE_INFINITY ? most : Math.max(1, Math.floor(most * this.#concurrencyThrottle.factor))
  }

  #callsPerMinute(now: number): number {
    return Math.max(minCallsPerMinute, this.#usageWindow.requests.sum(now))
  }

  /** A throttled limit still admits the largest permitted call. */
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
        // The host's own count explains the refusal: others use the account too, or our estimates were low.
        if (this.#addUnseen(this.#usageWindow.tokens, current, now) || isNews) return
      }
    }
    this.#reduceRate(now)
  }

  #reduceConcurrency(): void {
    // The refused call is no longer counted.
    if (this.#limits.concurrency === undefined)
      this.#learnedConcurrency = Math.min(this.#learnedConcurrency, this.#usageWindow.inFlight + 1)
    this.#concurrencyThrottle.decrease(this.#maxConcurrency())
  }

  #reduceRate(now: number): void {
    const { requestsPerMinute, tokensPerMinute } = this.#limits
    // Without a rate to throttle, only concurrency can be reduced.
    if (requestsPerMinute === undefined && tokensPerMinute === undefined) return this.#reduceConcurrency()
    this.#rateThrottle.decrease(this.#callsPerMinute(now))
  }

  /** Applies a limit that the host names for a time if it is lower than ours; returns whether it was. */
  #learnLimit(name: keyof RateLimits, named: number | undefined, now: number): boolean {
    const known = this.#limits[name]
    const limit = lowerLimit(known, named)
    if (named === undefined || limit === undefined) return false
    if (limit === named) this.#learnedUntil = now + learnedLimitMillis
    if (limit === known) return false
    this.#limits = { ...this.#limits, [name]: limit }
    return true
  }

  /** Adds usage that the host has counted and we have not; returns whether there was any. */
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
