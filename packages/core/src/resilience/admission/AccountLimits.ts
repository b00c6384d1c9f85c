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
import type { KimiError } from "../../errors/KimiError.ts"
import type { RateStatus } from "../../models/RateStatus.ts"
import type { RateLimits } from "../RateLimits.ts"
import { InUse, minute } from "./InUse.ts"
import type { RateWindow } from "./RateWindow.ts"
import { Throttle } from "./Throttle.ts"

/** How long a limit that the host named is believed; it may have been lowered for a time, or raised since. */
const beliefMillis = 10 * minute
/** How long to leave a host alone whose day is used up, when it does not say. */
const dayPause = Duration.millis(10 * minute)
/** The share of a rate is of as many calls as a minute sees, and at least of these. */
const leastPerMinute = 10

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
  readonly #used: InUse
  #given: RateLimits
  /** Unix milliseconds until which limits are believed that the host named. */
  #believedUntil = 0
  readonly #concurrency = new Throttle(0.01)
  readonly #pace = new Throttle(0.1)
  /** Calls at once when the host first refused, where no limit is known. */
  #crowd = Number.POSITIVE_INFINITY
  #pausedUntil = 0

  /** `marginMillis` is added to the windows. */
  constructor(limits: RateLimits, marginMillis: number) {
    this.#limits = limits
    this.#given = limits
    this.#used = new InUse(marginMillis)
  }

  /**
   * Takes other limits in place of those given, at once: what runs is counted
   * on, and nobody is let in until it fits. A limit that stays as it was given
   * stays as the host has named it; one that changes is newer than its word.
   */
  change(limits: RateLimits): void {
    const given = this.#given
    const after = (name: keyof RateLimits) => (limits[name] === given[name] ? this.#limits[name] : limits[name])
    this.#given = limits
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
    if (now >= this.#believedUntil) this.#limits = this.#given
    const { requestsPerMinute, tokensPerDay, tokensPerMinute } = this.#limits
    if (this.#used.calls >= this.#places()) return Number.POSITIVE_INFINITY
    let wait = Math.max(0, this.#pausedUntil - now)
    if (requestsPerMinute !== undefined) {
      wait = Math.max(wait, this.#used.requests.wait(1, this.#paced(requestsPerMinute, 1), now))
    }
    if (tokensPerMinute !== undefined) {
      wait = Math.max(wait, this.#used.tokens.wait(tokens, this.#paced(tokensPerMinute, tokens), now))
    }
    if (tokensPerDay !== undefined) wait = Math.max(wait, this.#used.daily.wait(tokens, tokensPerDay, now))
    return wait
  }

  /** Counts a call that begins now. */
  enter(tokens: number, now: number): void {
    this.#used.enter(this.countsTokens ? tokens : 0, now)
  }

  /** A call has ended. */
  leave(): void {
    this.#used.leave()
  }

  /** Takes back a call that began at `at` and was never sent. */
  cancel(tokens: number, at: number, now: number): void {
    this.#used.cancel(tokens, at, now)
  }

  /** Learns from an answer: what was slowed down comes back bit by bit. */
  succeed(now: number): void {
    this.#concurrency.answer(this.#places())
    this.#pace.answer(this.#perMinute(now))
    if (this.#concurrency.share === 1) this.#crowd = Number.POSITIVE_INFINITY
  }

  /** Learns from what the host tells beside an answer: what others have used, and when it will refuse. */
  observe({ limit, remaining, reset }: RateStatus, now: number): void {
    this.#believe("requestsPerMinute", limit, now)
    if (remaining === undefined) return
    const most = limit ?? this.#limits.requestsPerMinute
    if (most !== undefined) this.#catchUp(this.#used.requests, most - remaining, now)
    if (remaining === 0 && reset !== undefined) this.#pause(Duration.millis(reset), now)
  }

  /** Learns from a refusal. Other errors say nothing about limits. */
  fail(error: KimiError, now: number): void {
    switch (error._tag) {
      case "OverloadedError":
        this.#allowFewer()
        return this.#pause(error.retryAfter, now)
      case "DailyLimitError":
        this.#believe("tokensPerDay", error.limit, now)
        return this.#pause(error.retryAfter ?? dayPause, now)
      case "RateLimitError":
        this.#learn(error, now)
        return this.#pause(error.retryAfter, now)
    }
  }

  /** What is in use now. */
  usage(now: number): Usage {
    return {
      inFlight: this.#used.calls,
      concurrency: this.#places(),
      pace: this.#pace.share,
      requestsInMinute: this.#used.requests.sum(now),
      tokensInMinute: this.#used.tokens.sum(now),
      tokensInDay: this.#used.daily.sum(now),
      pausedUntil: this.#pausedUntil
    }
  }

  /** Calls that may run at once. */
  #places(): number {
    const most = this.#limits.concurrency ?? this.#crowd
    return most === Number.POSITIVE_INFINITY ? most : Math.max(1, Math.floor(most * this.#concurrency.share))
  }

  #perMinute(now: number): number {
    return Math.max(leastPerMinute, this.#used.requests.sum(now))
  }

  /** A slowed-down limit still lets the largest lawful call through. */
  #paced(limit: number, amount: number): number {
    return this.#pace.share === 1 ? limit : Math.max(limit * this.#pace.share, amount)
  }

  #learn({ current, kind, limit }: Extract<KimiError, { readonly _tag: "RateLimitError" }>, now: number): void {
    switch (kind) {
      case "concurrency":
        this.#believe("concurrency", limit, now)
        return this.#allowFewer()
      case "requests per minute":
        if (this.#believe("requestsPerMinute", limit, now)) return
        break
      case "tokens per minute": {
        const isNews = this.#believe("tokensPerMinute", limit, now)
        // The host's own count says it all: others use the account too, or our estimates were low.
        if (this.#catchUp(this.#used.tokens, current, now) || isNews) return
      }
    }
    this.#slowDown(now)
  }

  #allowFewer(): void {
    // The refused call has left already.
    if (this.#limits.concurrency === undefined) this.#crowd = Math.min(this.#crowd, this.#used.calls + 1)
    this.#concurrency.refuse(this.#places())
  }

  #slowDown(now: number): void {
    const { requestsPerMinute, tokensPerMinute } = this.#limits
    // Without a rate to slow down, fewer calls at once are all that is left.
    if (requestsPerMinute === undefined && tokensPerMinute === undefined) return this.#allowFewer()
    this.#pace.refuse(this.#perMinute(now))
  }

  /** Takes over a limit that the host names, for a time, when it is lower than ours; tells whether it was. */
  #believe(name: keyof RateLimits, told: number | undefined, now: number): boolean {
    const known = this.#limits[name]
    const limit = smaller(known, told)
    if (told === undefined || limit === undefined) return false
    if (limit === told) this.#believedUntil = now + beliefMillis
    if (limit === known) return false
    this.#limits = { ...this.#limits, [name]: limit }
    return true
  }

  /** Counts what the host has counted beyond our count; tells whether there was any. */
  #catchUp(window: RateWindow, counted: number | undefined, now: number): boolean {
    const unseen = (counted ?? 0) - window.sum(now)
    if (unseen > 0) window.add(unseen, now)
    return unseen > 0
  }

  #pause(retryAfter: Duration.Duration | undefined, now: number): void {
    if (retryAfter === undefined) return
    this.#pausedUntil = Math.max(this.#pausedUntil, now + Duration.toMillis(retryAfter))
  }
}
