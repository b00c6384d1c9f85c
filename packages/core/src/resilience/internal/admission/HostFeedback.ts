/**
 * What an account learns from the responses of its host: limits, a pace, and
 * when to pause.
 *
 * A refusal delays its own call. A limit that it names applies as an estimate
 * (`LimitEstimate`); a refusal that neither a limit nor our own count explains
 * lowers the pace; and the account pauses only when refusals in a row, or our
 * own count, show that the refusal concerns all calls.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { KimiError } from "../../../errors/KimiError.ts"
import type { RateStatus } from "../../../models/RateStatus.ts"
import type { EffectiveLimits, Learned, LimitName, NamedLimit } from "./EffectiveLimits.ts"
import type { Pace } from "./Pace.ts"
import { RefusalRun } from "./RefusalRun.ts"
import { minuteMillis, type UsageWindow } from "./UsageWindow.ts"

/**
 * A refusal that concerns the limits of its account.
 *
 * @category models
 * @since 0.1.0
 */
export type Refusal = Extract<KimiError, { readonly _tag: "OverloadedError" | "DailyLimitError" | "RateLimitError" }>

/**
 * Until when an account is paused, by `MonotonicClock`, and by which refusal.
 *
 * @category models
 * @since 0.1.0
 */
export interface Pause {
  readonly until: number
  readonly refusal: Refusal | undefined
}

/** The pause after a daily limit, if the host requests none. */
const dailyLimitPause = Duration.millis(10 * minuteMillis)

const rateNames = {
  "requests per minute": "requestsPerMinute",
  "tokens per minute": "tokensPerMinute",
  unknown: undefined
} as const

const notNamed: Learned = { isNews: false, agrees: false }

type Response = Pick<NamedLimit, "startedAt" | "retryMillis" | "isConfirmed">

/** Whether a limit counts per minute. One that resets later has a longer window, and its counts are no rate. */
const isPerMinute = ({ reset = 0, window }: RateStatus): boolean =>
  window === undefined ? reset <= minuteMillis : window === minuteMillis

const isRefusal = (error: KimiError): error is Refusal =>
  error._tag === "OverloadedError" || error._tag === "DailyLimitError" || error._tag === "RateLimitError"

/**
 * The responses of one account's host. All times are those of `MonotonicClock`.
 *
 * @category models
 * @since 0.1.0
 */
export class HostFeedback {
  readonly #limits: EffectiveLimits
  readonly #usage: UsageWindow
  readonly #pace: Pace
  readonly #refusals: RefusalRun
  #pause: Pause = { until: 0, refusal: undefined }

  /** `marginMillis` is added to the minute. */
  constructor(limits: EffectiveLimits, usage: UsageWindow, pace: Pace, marginMillis: number) {
    this.#limits = limits
    this.#usage = usage
    this.#pace = pace
    this.#refusals = new RefusalRun(marginMillis)
  }

  get pause(): Pause {
    return this.#pause
  }

  /** Learns from a success: the pace recovers step by step, and estimates that are too low are corrected. */
  recordSuccess(now: number, startedAt: number): void {
    this.#refusals.recordSuccess(now)
    this.#pace.recover(this.#limits.current.concurrency, this.#usage.requests.sum(now))
    this.#limits.forEachEstimate(now, (name, estimate) => {
      const answered = name === "requestsPerMinute" ? this.#answeredInMinute(now) : 0
      estimate.succeed(this.#usage.used(name, now), answered, startedAt, now)
    })
  }

  /** Learns from rate-limit headers: the usage of other clients, and when the host will refuse. */
  recordRateStatus(status: RateStatus, now: number): void {
    const { limit, remaining, reset } = status
    if (isPerMinute(status)) {
      this.#learn("requestsPerMinute", limit, { startedAt: now, retryMillis: 0, isConfirmed: true }, now)
      const most = limit ?? this.#limits.current.requestsPerMinute
      if (most !== undefined && remaining !== undefined) this.#addUnseen("requestsPerMinute", most - remaining, now)
    }
    if (remaining === 0 && reset !== undefined) this.#pauseFor(Duration.millis(reset), undefined, now)
  }

  /** Learns from a refusal of a call that began at `startedAt`. Other errors are ignored. */
  recordFailure(error: KimiError, now: number, startedAt: number): void {
    if (!isRefusal(error)) return
    this.#refusals.recordRefusal(now)
    const isExplained = this.#adapt(error, now, startedAt)
    if (!isExplained && !this.#refusals.concernsAccount(this.#usage.inFlight)) return
    this.#pauseFor(
      error._tag === "DailyLimitError" ? (error.retryAfter ?? dailyLimitPause) : error.retryAfter,
      error,
      now
    )
  }

  /** Adapts limits and pace to a refusal; returns whether our own count explains it, so that it concerns every call. */
  #adapt(error: Refusal, now: number, startedAt: number): boolean {
    const response = {
      startedAt,
      retryMillis: error.retryAfter === undefined ? 0 : Duration.toMillis(error.retryAfter)
    }
    switch (error._tag) {
      case "OverloadedError":
        this.#reduceConcurrency()
        return false
      case "DailyLimitError": {
        const { agrees } = this.#learn("tokensPerDay", error.limit, response, now)
        return agrees || !this.#refusals.isAnsweredSince(now - minuteMillis)
      }
      case "RateLimitError":
        return this.#adaptRate(error, response, now)
    }
  }

  #adaptRate(
    { current, kind, limit }: Extract<Refusal, { readonly _tag: "RateLimitError" }>,
    response: Response,
    now: number
  ): boolean {
    if (kind === "concurrency") {
      // Its slots become free when calls end, so that there is nothing to pause for.
      if (!this.#learn("concurrency", limit, response, now).agrees) this.#reduceConcurrency()
      return false
    }
    const name = rateNames[kind]
    const { agrees, isNews } = name === undefined ? notNamed : this.#learn(name, limit, response, now)
    // The host's own count explains the refusal: others use the account too, or our estimates were low.
    // Where it answers other calls meanwhile, its count does not hold for them.
    const isUnseen =
      name === "tokensPerMinute" &&
      !this.#refusals.isAnsweredSince(response.startedAt) &&
      this.#addUnseen(name, current, now)
    // A pace below a limit that the host itself names would delay calls that it allows.
    if (!agrees && !isNews && !isUnseen) this.#reduceRates(now)
    return agrees
  }

  /** Applies a limit that the host names, and compares it with our own count. */
  #learn(name: LimitName, limit: number | undefined, response: Response, now: number): Learned {
    if (limit === undefined) return notNamed
    // The refused call is no longer counted as one that runs.
    const used = this.#usage.used(name, now) + (name === "concurrency" ? 1 : 0)
    const answered = name === "requestsPerMinute" ? this.#answeredInMinute(now) : 0
    return this.#limits.learn({ ...response, name, limit, used, answered }, now)
  }

  /** Calls of the last minute that the host has answered, at least. */
  #answeredInMinute(now: number): number {
    const { inFlight, requests } = this.#usage
    return requests.sum(now) - this.#refusals.refusedInMinute(now) - inFlight
  }

  #reduceConcurrency(): void {
    this.#pace.reduceConcurrency(this.#limits.current.concurrency, this.#usage.inFlight)
  }

  #reduceRates(now: number): void {
    const { requestsPerMinute, tokensPerMinute } = this.#limits.current
    // Without a rate to throttle, only concurrency can be reduced.
    if (requestsPerMinute === undefined && tokensPerMinute === undefined) return this.#reduceConcurrency()
    this.#pace.reduceRates(this.#usage.requests.sum(now))
  }

  /** Adds usage that the host has counted and we have not; returns whether there was any. */
  #addUnseen(name: "requestsPerMinute" | "tokensPerMinute", counted: number | undefined, now: number): boolean {
    const window = this.#usage.of(name)
    const unseen = (counted ?? 0) - window.sum(now)
    if (unseen > 0) window.add(unseen, now)
    return unseen > 0
  }

  #pauseFor(wait: Duration.Duration | undefined, refusal: Refusal | undefined, now: number): void {
    if (wait === undefined) return
    const until = now + Duration.toMillis(wait)
    if (until > this.#pause.until) this.#pause = { until, refusal }
  }
}
