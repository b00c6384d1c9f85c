/**
 * One account's limits as the host counts them: at admission and never
 * refunded, over sliding windows, with a log of every admitted request.
 *
 * It shares no code with the limiter of the client, so that each can reveal
 * errors of the other.
 */
import { DailyLimitError, RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import type { RateLimits } from "@kimi-effect/core/RateLimits"
import * as Duration from "effect/Duration"
import type { Target } from "./hostErrors.ts"

const minute = 60_000
const day = 24 * 60 * minute

/** The sum of amounts within the last `millis`. */
class SlidingWindow {
  readonly #millis: number
  #times: Array<number> = []
  #amounts: Array<number> = []
  #oldest = 0
  #sum = 0
  #peak = 0

  constructor(millis: number) {
    this.#millis = millis
  }

  get peak(): number {
    return this.#peak
  }

  sum(now: number): number {
    for (;;) {
      const time = this.#times[this.#oldest]
      if (time === undefined || time > now - this.#millis) break
      this.#sum -= this.#amounts[this.#oldest] ?? 0
      this.#oldest += 1
    }
    if (this.#oldest > 10_000) {
      this.#times = this.#times.slice(this.#oldest)
      this.#amounts = this.#amounts.slice(this.#oldest)
      this.#oldest = 0
    }
    return this.#sum
  }

  add(amount: number, now: number): void {
    this.#times.push(now)
    this.#amounts.push(amount)
    this.#sum += amount
    this.#peak = Math.max(this.#peak, this.sum(now))
  }
}

/** The peak usage of each limit. */
export interface Peaks {
  readonly concurrency: number
  readonly requestsInMinute: number
  readonly tokensInMinute: number
  readonly tokensInDay: number
}

/** The `retry-after` of every rejection, which is sometimes too short, as at the real host. */
const retryHint = { seconds: 1, text: "please try again after 1 seconds" }

export class HostLimits {
  readonly #limits: RateLimits
  readonly #requests = new SlidingWindow(minute)
  readonly #tokens = new SlidingWindow(minute)
  readonly #daily = new SlidingWindow(day)
  #inFlight = 0
  #peakInFlight = 0

  constructor(limits: RateLimits) {
    this.#limits = limits
  }

  /** Admits and counts a request of so many tokens, or returns the rejection with Kimi's message. */
  admit(tokens: number, now: number, origin: Target): RateLimitError | DailyLimitError | undefined {
    const rejection = this.#rejection(tokens, now, origin)
    if (rejection !== undefined) return rejection
    this.#inFlight += 1
    this.#peakInFlight = Math.max(this.#peakInFlight, this.#inFlight)
    this.#requests.add(1, now)
    this.#tokens.add(tokens, now)
    this.#daily.add(tokens, now)
    return undefined
  }

  /** Ends a request. Only its concurrency is released. */
  release(): void {
    this.#inFlight -= 1
  }

  get peaks(): Peaks {
    return {
      concurrency: this.#peakInFlight,
      requestsInMinute: this.#requests.peak,
      tokensInMinute: this.#tokens.peak,
      tokensInDay: this.#daily.peak
    }
  }

  #rejection(tokens: number, now: number, origin: Target): RateLimitError | DailyLimitError | undefined {
    const { concurrency, requestsPerMinute, tokensPerDay, tokensPerMinute } = this.#limits
    if (concurrency !== undefined && this.#inFlight >= concurrency) {
      return new RateLimitError({
        ...origin,
        message: `The request reached organization max concurrency: ${concurrency}, ${retryHint.text}`,
        status: 429,
        kind: "concurrency",
        limit: concurrency,
        retryAfter: Duration.seconds(retryHint.seconds)
      })
    }
    if (requestsPerMinute !== undefined && this.#requests.sum(now) >= requestsPerMinute) {
      return new RateLimitError({
        ...origin,
        message: `The request reached organization max RPM: ${requestsPerMinute}, ${retryHint.text}`,
        status: 429,
        kind: "requests per minute",
        limit: requestsPerMinute,
        retryAfter: Duration.seconds(retryHint.seconds)
      })
    }
    const used = this.#tokens.sum(now)
    if (tokensPerMinute !== undefined && used + tokens > tokensPerMinute) {
      return new RateLimitError({
        ...origin,
        message: `The request reached organization TPM rate limit, current:${used}, limit:${tokensPerMinute}`,
        status: 429,
        kind: "tokens per minute",
        limit: tokensPerMinute,
        current: used
      })
    }
    const usedToday = this.#daily.sum(now)
    if (tokensPerDay !== undefined && usedToday + tokens > tokensPerDay) {
      return new DailyLimitError({
        ...origin,
        message: `The request reached organization TPD rate limit, current:${usedToday}, limit:${tokensPerDay}`,
        status: 429,
        limit: tokensPerDay,
        current: usedToday
      })
    }
    return undefined
  }
}
