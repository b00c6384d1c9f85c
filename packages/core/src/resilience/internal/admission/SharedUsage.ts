/**
 * The usage of an account that is shared through Redis: what this process has
 * counted, and how much of it Redis has confirmed.
 *
 * @since 0.1.0
 */
import type { RateLimits } from "../../RateLimits.ts"
import { AccountLimits } from "./AccountLimits.ts"
import type { Reply } from "./AdmissionScript.ts"
import { LocalShare, type RemoteUsage } from "./LocalShare.ts"
import { type DailyUsageTotals, minuteMillis, type UsageTotals } from "./UsageWindow.ts"

const addUsage = (usage: UsageTotals, requests: number, tokens: number): UsageTotals => ({
  requests: usage.requests + requests,
  tokens: usage.tokens + tokens
})

/**
 * Counts every call twice, in the limits of the account and in this process's
 * share of them, so that the share is known as soon as Redis is unavailable.
 * All times are those of `MonotonicClock`.
 *
 * @category models
 * @since 0.1.0
 */
export class SharedUsage {
  readonly limits: AccountLimits
  readonly #share: LocalShare
  readonly #marginMillis: number
  #remote: RemoteUsage = { requests: 0, tokens: 0, daily: 0, remoteInFlight: 0, at: Number.NEGATIVE_INFINITY }
  /** Counted here while Redis has not replied yet. */
  #pending: UsageTotals = { requests: 0, tokens: 0 }
  /** All that was ever admitted without Redis. */
  #localTotal: UsageTotals = this.#pending
  /** How much of it Redis has confirmed. */
  #reportedTotal: UsageTotals = this.#localTotal
  #uncertainUntil = 0

  /** `localShare` is the fraction of the limits; `marginMillis` is added to the windows. */
  constructor(limits: RateLimits, localShare: number, marginMillis: number) {
    this.limits = new AccountLimits(limits, marginMillis)
    this.#share = new LocalShare(localShare, marginMillis)
    this.#marginMillis = marginMillis
  }

  /** Counts a call that starts now. */
  start(tokens: number, now: number): void {
    this.limits.acquire(tokens, now)
    this.#share.acquire(tokens, now)
  }

  /** Counts a call that starts now without Redis, for the next report. */
  startLocally(tokens: number, now: number): void {
    this.start(tokens, now)
    this.#localTotal = addUsage(this.#localTotal, 1, tokens)
  }

  /** Counts a call whose request to Redis is in progress. */
  startPending(tokens: number, now: number): void {
    this.start(tokens, now)
    this.#pending = addUsage(this.#pending, 1, tokens)
  }

  /** Records that the request to Redis for a call has ended, with or without a reply. */
  endPending(tokens: number): void {
    this.#pending = addUsage(this.#pending, -1, -tokens)
  }

  /** Records that a call has ended. */
  release(): void {
    this.limits.release()
    this.#share.release()
  }

  /** Undoes the count of a call that started at `at` and was never sent. */
  cancel(tokens: number, at: number, now: number): void {
    this.limits.cancel(tokens, at, now)
    this.#share.cancel(tokens, at, now)
  }

  /** Milliseconds until the local share has capacity, whether or not the share applies. */
  localWaitMillis(tokens: number, now: number): number {
    return this.#share.waitMillis(tokens, this.limits.limits, now)
  }

  /** Whether Redis may have lost usage. */
  isUncertain(now: number): boolean {
    return now < this.#uncertainUntil
  }

  /** Records the usage in a reply. `heldPermits` is the number of permits of this process. */
  applyReply(reply: Reply, heldPermits: number, now: number): void {
    this.#remote = { ...reply, at: now, remoteInFlight: Math.max(0, reply.inFlight - heldPermits) }
    this.#uncertainUntil = Math.max(this.#uncertainUntil, now + reply.uncertainMillis)
  }

  /** Starts to limit the local share by the usage that Redis has last reported. */
  applyLocalShare(now: number): void {
    this.#share.applyRemoteUsage(this.#remote, this.#used(now), now)
  }

  /** What the next report has to state: from which total to which, and what was used lately. */
  report(now: number): readonly [from: UsageTotals, to: UsageTotals, lately: DailyUsageTotals] {
    return [this.#reportedTotal, this.#localTotal, this.#used(now)]
  }

  /** Records that Redis has received a report up to this total. Other processes may still have to report. */
  confirm(total: UsageTotals, now: number): void {
    this.#reportedTotal = total
    this.#uncertainUntil = now + minuteMillis + this.#marginMillis
  }

  get hasUnreported(): boolean {
    return this.#localTotal !== this.#reportedTotal
  }

  /** What this process has used, without calls for which Redis has not replied yet. */
  #used(now: number): DailyUsageTotals {
    const { daily, requests, tokens } = this.#share.totals(now)
    const { requests: pendingRequests, tokens: pendingTokens } = this.#pending
    return { requests: requests - pendingRequests, tokens: tokens - pendingTokens, daily: daily - pendingTokens }
  }
}
