/**
 * The limits of an account that apply: those that are configured, and those that
 * its host has named where these are lower.
 *
 * @since 0.1.0
 */
import type { RateLimits } from "../../RateLimits.ts"
import { LimitEstimate } from "./LimitEstimate.ts"

/**
 * The name of a limit.
 *
 * @category models
 * @since 0.1.0
 */
export type LimitName = keyof RateLimits

/**
 * Every limit, in a fixed order.
 *
 * @category constants
 * @since 0.1.0
 */
export const limitNames = [
  "concurrency",
  "requestsPerMinute",
  "tokensPerMinute",
  "tokensPerDay"
] as const satisfies ReadonlyArray<LimitName>

/**
 * A limit that a host has named.
 *
 * @category models
 * @since 0.1.0
 */
export interface NamedLimit {
  readonly name: LimitName
  readonly limit: number
  /** What the account has used of it, by our count. */
  readonly used: number
  /** What the host has answered of it lately, at least. */
  readonly answered?: number
  /** The time at which the call began whose response named it. */
  readonly startedAt: number
  /** The wait that the host requested, in milliseconds. */
  readonly retryMillis: number
  /** Whether the host states it with every response. */
  readonly isConfirmed?: boolean
}

/**
 * A limit over a time, in contrast to concurrency.
 *
 * @category models
 * @since 0.1.0
 */
export type RateName = Exclude<LimitName, "concurrency">

/**
 * What a limit means that the host has named.
 *
 * @category models
 * @since 0.1.0
 */
export interface Learned {
  /** Whether it is lower than the known one. */
  readonly isNews: boolean
  /** Whether our own count has reached it. */
  readonly agrees: boolean
}

/**
 * The limit that a call exceeds on its own.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExceededLimit {
  readonly kind: "tokens per minute" | "tokens per day"
  readonly limit: number
}

const tokenLimits = [
  ["tokensPerMinute", "tokens per minute"],
  ["tokensPerDay", "tokens per day"]
] as const

const notLearned: Learned = { isNews: false, agrees: false }

/**
 * Configured limits and estimates. All times are those of `MonotonicClock`.
 *
 * @category models
 * @since 0.1.0
 */
export class EffectiveLimits {
  #configured: RateLimits
  #current: RateLimits
  readonly #estimates: { [N in LimitName]?: LimitEstimate } = {}
  #hasEstimates = false

  constructor(configured: RateLimits) {
    this.#configured = configured
    this.#current = configured
  }

  get configured(): RateLimits {
    return this.#configured
  }

  /** The limits at the time for which they were last updated. */
  get current(): RateLimits {
    return this.#current
  }

  /** Replaces the configured limits. One that changes replaces what was learned from the host. */
  change(limits: RateLimits): void {
    const current = { ...this.#current }
    for (const name of limitNames) {
      if (limits[name] === this.#configured[name]) continue
      delete this.#estimates[name]
      current[name] = limits[name]
    }
    this.#configured = limits
    this.#current = current
  }

  /** Applies the estimates of this time in place of higher or unknown limits. */
  update(now: number): void {
    if (!this.#hasEstimates) return
    const current: { -readonly [N in LimitName]?: RateLimits[N] } = { ...this.#configured }
    this.forEachEstimate(now, (name, { allowed }) => {
      current[name] = Math.min(this.#configured[name] ?? Number.POSITIVE_INFINITY, allowed)
    })
    this.#current = current
  }

  /** Learns a limit that the host names. */
  learn(named: NamedLimit, now: number): Learned {
    const { answered = 0, limit, name, used } = named
    if (limit < 1 || this.#estimates[name]?.isRefuted(now) === true) return notLearned
    const isNews = this.#estimate(named, now)
    this.update(now)
    return { isNews, agrees: used >= limit && !LimitEstimate.isRefutedBy(limit, answered) }
  }

  /** The limit that a call exceeds on its own. An estimate may be too low, so it has to be confirmed. */
  exceeded(tokens: number): ExceededLimit | undefined {
    for (const [name, kind] of tokenLimits) {
      const limit = this.#current[name]
      if (limit === undefined || tokens <= limit) continue
      const isConfigured = tokens > (this.#configured[name] ?? Number.POSITIVE_INFINITY)
      if (isConfigured || this.#estimates[name]?.isConfirmed === true) return { kind, limit }
    }
    return undefined
  }

  /** Milliseconds until a call may exceed the estimate of a limit; infinite without one. */
  probeWait(name: LimitName, now: number): number {
    const estimate = this.#hasEstimates ? this.#estimates[name] : undefined
    return estimate?.isActive(now) === true ? estimate.probeWait(now) : Number.POSITIVE_INFINITY
  }

  /** Calls a function with every estimate that applies. */
  forEachEstimate(now: number, use: (name: LimitName, estimate: LimitEstimate) => void): void {
    if (!this.#hasEstimates) return
    for (const name of limitNames) {
      const estimate = this.#estimates[name]
      if (estimate?.isActive(now) === true) use(name, estimate)
    }
  }

  /** Applies a limit for a time if it is lower than the known one; returns whether it did not apply before. */
  #estimate({ isConfirmed = false, limit, name, retryMillis, startedAt, used }: NamedLimit, now: number): boolean {
    const former = this.#estimates[name]
    const isActive = former?.isActive(now) === true
    if (former?.named === limit) {
      // A limit that was confirmed before needs no new probes.
      former.refuse(used, startedAt, now, retryMillis)
      return !isActive
    }
    const known = this.#configured[name] ?? Number.POSITIVE_INFINITY
    if (limit >= (isActive ? Math.min(known, former.named) : known)) return false
    this.#estimates[name] = new LimitEstimate(limit, now, retryMillis, isConfirmed)
    this.#hasEstimates = true
    return true
  }
}
