/**
 * One account's limits and what is in use of them: concurrency, requests and
 * tokens per minute, tokens per day, decided together.
 *
 * It counts as the host does, at the door and for good. It also learns: a
 * refusal that names a limit or the use of it is believed, a refusal that
 * names nothing slows the account down, and answers speed it up again, never
 * above the limits that were given.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { KimiError } from "../errors/KimiError.ts"
import type { RateStatus } from "../models/RateStatus.ts"
import type { RateLimits } from "./RateLimits.ts"
import { RateWindow } from "./RateWindow.ts"

const minute = 60_000
const day = 24 * 60 * minute

/** Part of the concurrency that is left after a refusal for it. */
const concurrencyCut = 0.5
/** Part of the pace that is left after a refusal that names no figures. */
const paceCut = 0.7
const slowestPace = 0.1
/** Pace that comes back in a minute of answers. */
const paceGain = 0.1

const smaller = (known: number | undefined, told: number | undefined): number | undefined =>
  told === undefined || told < 1 ? known : known === undefined ? told : Math.min(known, told)

/**
 * What is in use of an account.
 *
 * @category models
 * @since 0.1.0
 */
export interface Usage {
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
  readonly #requests: RateWindow
  readonly #tokens: RateWindow
  readonly #daily: RateWindow
  #inFlight = 0
  #concurrency: number
  #cutAt = Number.NEGATIVE_INFINITY
  #pace = 1
  #pacedAt = 0
  #pausedUntil = 0

  /** `marginMillis` is added to the windows: two calls may reach the host closer together than they were sent. */
  constructor(limits: RateLimits, marginMillis: number) {
    this.#limits = limits
    this.#concurrency = limits.concurrency ?? Number.POSITIVE_INFINITY
    this.#requests = new RateWindow(minute + marginMillis, 100)
    this.#tokens = new RateWindow(minute + marginMillis, 100)
    this.#daily = new RateWindow(day + marginMillis, minute)
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
  exceeds(
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
  wait(tokens: number, now: number): number {
    const { requestsPerMinute, tokensPerDay, tokensPerMinute } = this.#limits
    if (this.#inFlight >= Math.max(1, Math.floor(this.#concurrency))) return Number.POSITIVE_INFINITY
    let wait = Math.max(0, this.#pausedUntil - now)
    if (requestsPerMinute !== undefined) {
      wait = Math.max(wait, this.#requests.wait(1, this.#paced(requestsPerMinute, 1), now))
    }
    if (tokensPerMinute !== undefined) {
      wait = Math.max(wait, this.#tokens.wait(tokens, this.#paced(tokensPerMinute, tokens), now))
    }
    if (tokensPerDay !== undefined) wait = Math.max(wait, this.#daily.wait(tokens, tokensPerDay, now))
    return wait
  }

  /** Counts a call that begins now. */
  enter(tokens: number, now: number): void {
    this.#inFlight += 1
    this.#requests.add(1, now)
    if (!this.countsTokens) return
    this.#tokens.add(tokens, now)
    this.#daily.add(tokens, now)
  }

  /** Counts what others have spent of the account. */
  absorb(others: { readonly requests: number; readonly tokens: number; readonly daily: number }, now: number): void {
    this.#requests.add(others.requests, now)
    this.#tokens.add(others.tokens, now)
    this.#daily.add(others.daily, now)
  }

  /** A call has ended. */
  leave(): void {
    this.#inFlight -= 1
  }

  /** Takes back a call that began at `at` and was never sent. */
  cancel(tokens: number, at: number, now: number): void {
    this.leave()
    this.#requests.remove(1, at, now)
    if (!this.countsTokens) return
    this.#tokens.remove(tokens, at, now)
    this.#daily.remove(tokens, at, now)
  }

  /** Learns from an answer: what was slowed down comes back bit by bit. */
  succeed(now: number): void {
    const most = this.#limits.concurrency ?? Number.POSITIVE_INFINITY
    if (this.#concurrency < most) this.#concurrency = Math.min(most, this.#concurrency + 1 / this.#concurrency)
    if (this.#pace >= 1) return
    // The clock may have been put back.
    this.#pace = Math.min(1, this.#pace + (paceGain * Math.max(0, now - this.#pacedAt)) / minute)
    this.#pacedAt = now
  }

  /** Learns from what the host tells beside an answer: what others have used, and when it will refuse. */
  observe({ limit, remaining, reset }: RateStatus, now: number): void {
    if (limit !== undefined) {
      this.#limits = { ...this.#limits, requestsPerMinute: smaller(this.#limits.requestsPerMinute, limit) }
    }
    if (remaining === undefined) return
    const most = limit ?? this.#limits.requestsPerMinute
    if (most !== undefined) this.#believe(this.#requests, most - remaining, now)
    if (remaining === 0 && reset !== undefined) this.#pause(Duration.millis(reset), now)
  }

  /** Learns from the refusal of a call that began at `at`. Other errors say nothing about limits. */
  fail(error: KimiError, at: number, now: number): void {
    switch (error._tag) {
      case "OverloadedError":
        this.#cutConcurrency(at, now)
        return this.#pause(error.retryAfter, now)
      case "DailyLimitError":
        this.#limits = { ...this.#limits, tokensPerDay: smaller(this.#limits.tokensPerDay, error.limit) }
        this.#believe(this.#daily, error.current, now)
        return this.#pause(error.retryAfter, now)
      case "RateLimitError":
        this.#learn(error, at, now)
        return this.#pause(error.retryAfter, now)
    }
  }

  /** What is in use now. */
  usage(now: number): Usage {
    return {
      inFlight: this.#inFlight,
      concurrency: this.#concurrency,
      pace: this.#pace,
      requestsInMinute: this.#requests.sum(now),
      tokensInMinute: this.#tokens.sum(now),
      tokensInDay: this.#daily.sum(now),
      pausedUntil: this.#pausedUntil
    }
  }

  /** A slowed-down limit still lets the largest lawful call through. */
  #paced(limit: number, amount: number): number {
    return this.#pace === 1 ? limit : Math.max(limit * this.#pace, amount)
  }

  #learn(error: Extract<KimiError, { readonly _tag: "RateLimitError" }>, at: number, now: number): void {
    const { current, limit } = error
    switch (error.kind) {
      case "concurrency":
        this.#limits = { ...this.#limits, concurrency: smaller(this.#limits.concurrency, limit) }
        return this.#cutConcurrency(at, now)
      case "requests per minute":
        this.#limits = { ...this.#limits, requestsPerMinute: smaller(this.#limits.requestsPerMinute, limit) }
        break
      case "tokens per minute":
        this.#limits = { ...this.#limits, tokensPerMinute: smaller(this.#limits.tokensPerMinute, limit) }
        // The host's own count says it all: others use the account too, or our estimates were low.
        if (this.#believe(this.#tokens, current, now)) return
    }
    this.#slowDown(at, now)
  }

  /** Calls that began before the last cut tell the same story again. */
  #isNews(at: number): boolean {
    return at >= this.#cutAt
  }

  #cutConcurrency(at: number, now: number): void {
    const most = this.#limits.concurrency ?? Number.POSITIVE_INFINITY
    if (this.#isNews(at)) {
      this.#concurrency = Math.max(1, Math.floor(Math.min(this.#concurrency, this.#inFlight) * concurrencyCut))
      this.#cutAt = now
    }
    this.#concurrency = Math.min(this.#concurrency, most)
  }

  #slowDown(at: number, now: number): void {
    if (!this.#isNews(at)) return
    const { requestsPerMinute, tokensPerMinute } = this.#limits
    // Without a rate to slow down, fewer calls at once are all that is left.
    if (requestsPerMinute === undefined && tokensPerMinute === undefined) return this.#cutConcurrency(at, now)
    this.#pace = Math.max(slowestPace, this.#pace * paceCut)
    this.#pacedAt = now
    this.#cutAt = now
  }

  /** Adds what the host has counted beyond our count. */
  #believe(window: RateWindow, counted: number | undefined, now: number): boolean {
    if (counted === undefined) return false
    const unseen = counted - window.sum(now)
    if (unseen > 0) window.add(unseen, now)
    return unseen > 0
  }

  #pause(retryAfter: Duration.Duration | undefined, now: number): void {
    if (retryAfter === undefined) return
    this.#pausedUntil = Math.max(this.#pausedUntil, now + Duration.toMillis(retryAfter))
  }
}
