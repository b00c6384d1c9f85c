/**
 * One account's limits and its usage: concurrency, requests and tokens per
 * minute, tokens per day, decided together.
 *
 * It counts as the host does, when a call starts and permanently, and learns
 * from the responses of the host (`HostFeedback`), never above the configured
 * limits.
 *
 * @since 0.1.0
 */
import type { KimiError } from "../../../errors/KimiError.ts"
import type { RateStatus } from "../../../models/RateStatus.ts"
import type { RateLimits } from "../../RateLimits.ts"
import type { Block } from "./AdmissionRefusals.ts"
import { EffectiveLimits, type ExceededLimit, type RateName } from "./EffectiveLimits.ts"
import { HostFeedback, type Pause } from "./HostFeedback.ts"
import type { Outcome } from "./Limiter.ts"
import { Pace } from "./Pace.ts"
import { minuteMillis, UsageWindow } from "./UsageWindow.ts"

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

/**
 * The limits and usage of one account. All times are those of `MonotonicClock`.
 *
 * @category models
 * @since 0.1.0
 */
export class AccountLimits {
  readonly #limits: EffectiveLimits
  readonly #usageWindow: UsageWindow
  readonly #pace = new Pace()
  readonly #feedback: HostFeedback

  /** `marginMillis` is added to the windows. */
  constructor(limits: RateLimits, marginMillis: number) {
    this.#limits = new EffectiveLimits(limits)
    this.#usageWindow = new UsageWindow(marginMillis)
    this.#feedback = new HostFeedback(this.#limits, this.#usageWindow, this.#pace, marginMillis)
  }

  /**
   * Replaces the configured limits at once: running calls stay counted, and
   * none is admitted until they fit. A limit that does not change keeps what
   * was learned from the host; one that does change replaces it.
   */
  change(limits: RateLimits): void {
    this.#limits.change(limits)
  }

  /** Calls that run. */
  get inFlight(): number {
    return this.#usageWindow.inFlight
  }

  /** Whether a token limit applies, so that tokens are only estimated when needed. */
  get countsTokens(): boolean {
    const { tokensPerDay, tokensPerMinute } = this.limits
    return tokensPerMinute !== undefined || tokensPerDay !== undefined
  }

  /** The limits that apply now: configured or learned. */
  get limits(): RateLimits {
    return this.#limits.current
  }

  /** Why and until when the account is paused. */
  get pause(): Pause {
    return this.#feedback.pause
  }

  /** The limit that a call with this many tokens exceeds on its own. */
  exceededLimit(tokens: number): ExceededLimit | undefined {
    return this.#limits.exceeded(tokens)
  }

  /**
   * Milliseconds until there is capacity for a call; 0 if there is now,
   * infinite if a call has to end first.
   */
  waitMillis(tokens: number, now: number): number {
    this.#limits.update(now)
    return Math.max(
      0,
      this.#concurrencyWait(now),
      this.pause.until - now,
      this.rateWaitMillis("requestsPerMinute", 1, now),
      this.rateWaitMillis("tokensPerMinute", tokens, now),
      this.rateWaitMillis("tokensPerDay", tokens, now)
    )
  }

  /** Milliseconds until one rate has capacity for an amount, after throttling. */
  rateWaitMillis(name: RateName, amount: number, now: number): number {
    const limit = this.limits[name]
    if (limit === undefined) return 0
    const window = this.#usageWindow.of(name)
    const wait = window.waitMillis(amount, this.#throttled(name, limit, amount), now)
    if (wait === 0) return 0
    const probe = this.#limits.probeWait(name, now)
    if (probe >= wait) return wait
    const configured = this.#limits.configured[name]
    if (configured === undefined) return probe
    return Math.max(probe, window.waitMillis(amount, this.#throttled(name, configured, amount), now))
  }

  /**
   * What blocks a call apart from calls that run, if anything does. `ahead`
   * calls are certainly admitted before it.
   */
  blockOf(tokens: number, ahead: number, now: number): Block | undefined {
    this.#limits.update(now)
    const { refusal, until } = this.pause
    // It is one of requests, which come first.
    const turn = this.#turnMillis(ahead, now)
    let block: Block | undefined = until > now ? { waitMillis: until - now, refusal } : undefined
    for (const [rate, amount] of [
      ["requestsPerMinute", 1],
      ["tokensPerMinute", tokens],
      ["tokensPerDay", tokens]
    ] as const) {
      const waitMillis = Math.max(this.rateWaitMillis(rate, amount, now), turn)
      if (waitMillis > (block?.waitMillis ?? 0)) block = { waitMillis, rate, limit: this.limits[rate] }
    }
    return block
  }

  /** The limits under which a store may admit a call that fits here now: throttled, and without estimates that may be exceeded. */
  limitsFor(tokens: number, now: number): RateLimits {
    const { configured } = this.#limits
    const { concurrency } = this.#limits.probeWait("concurrency", now) === 0 ? configured : this.limits
    const rate = (name: RateName, amount: number): number | undefined => {
      const limit = this.#limits.probeWait(name, now) === 0 ? configured[name] : this.limits[name]
      return limit === undefined ? undefined : this.#throttled(name, limit, amount)
    }
    return {
      concurrency,
      requestsPerMinute: rate("requestsPerMinute", 1),
      tokensPerMinute: rate("tokensPerMinute", tokens),
      tokensPerDay: rate("tokensPerDay", tokens)
    }
  }

  /** Counts a call that starts now. */
  acquire(tokens: number, now: number): void {
    const counted = this.countsTokens ? tokens : 0
    this.#limits.forEachEstimate(now, (name, estimate) => {
      const amount = name === "concurrency" || name === "requestsPerMinute" ? 1 : counted
      if (this.#usageWindow.used(name, now) + amount > estimate.allowed) estimate.startProbe(now)
    })
    this.#usageWindow.acquire(counted, now)
  }

  /** Records that a call has ended. */
  release(): void {
    this.#usageWindow.release()
  }

  /** Undoes the count of a call that started at `at` and was never sent. */
  cancel(tokens: number, at: number, now: number): void {
    this.#usageWindow.cancel(tokens, at, now)
  }

  /** Records how a call ended that began at `startedAt`. An interrupted call is ignored. */
  recordOutcome(outcome: Outcome, now: number, startedAt: number): void {
    if (outcome === "success") this.recordSuccess(now, startedAt)
    else if (outcome !== "interrupted") this.recordFailure(outcome, now, startedAt)
  }

  /** Learns from a success. */
  recordSuccess(now: number, startedAt: number = now): void {
    this.#feedback.recordSuccess(now, startedAt)
  }

  /** Learns from rate-limit headers. */
  recordRateStatus(status: RateStatus, now: number): void {
    this.#feedback.recordRateStatus(status, now)
  }

  /** Learns from a refusal. Other errors are ignored. */
  recordFailure(error: KimiError, now: number, startedAt: number = now): void {
    this.#feedback.recordFailure(error, now, startedAt)
  }

  /** The usage now. */
  usage(now: number): AccountUsage {
    const { daily, inFlight, requests, tokens } = this.#usageWindow
    return {
      inFlight,
      concurrency: this.#pace.concurrency(this.limits.concurrency),
      pace: this.#pace.factor,
      requestsInMinute: requests.sum(now),
      tokensInMinute: tokens.sum(now),
      tokensInDay: daily.sum(now),
      pausedUntil: this.pause.until
    }
  }

  /** Milliseconds until the requests of the calls ahead leave room for one more, at least; 0 while the limit is an estimate. */
  #turnMillis(ahead: number, now: number): number {
    const limit = this.limits.requestsPerMinute
    if (limit === undefined) return 0
    if (this.#limits.probeWait("requestsPerMinute", now) !== Number.POSITIVE_INFINITY) return 0
    const first = this.#usageWindow.requests.waitMillis((ahead % limit) + 1, limit, now)
    return Math.floor(ahead / limit) * minuteMillis + first
  }

  #concurrencyWait(now: number): number {
    if (this.inFlight < this.#pace.concurrency(this.limits.concurrency)) return 0
    return this.inFlight < this.#pace.concurrencyLimit(this.#limits.configured.concurrency)
      ? this.#limits.probeWait("concurrency", now)
      : Number.POSITIVE_INFINITY
  }

  /** The limit of a day is not throttled. */
  #throttled(name: RateName, limit: number, amount: number): number {
    return name === "tokensPerDay" ? limit : this.#pace.rate(limit, amount)
  }
}
