/**
 * One account whose limits are enforced within this process.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import type { Restore } from "../../../pipeline/internal/StreamGuard.ts"
import type { RateLimits } from "../../RateLimits.ts"
import { AccountLimits, toUnixTime } from "./AccountLimits.ts"
import type { AccountState, Permit, PermitRequest, QueueLimits } from "./Limiter.ts"
import * as LimitPolicy from "./LimitPolicy.ts"
import { type AcquireError, type RevocablePermit, type Waiter, WaitQueue } from "./WaitQueue.ts"

/** The weight of the latest call in the mean time for which calls hold their permits. */
const meanWeight = 1 / 8

/**
 * @category models
 * @since 0.1.0
 */
export class LocalAccount {
  readonly #name: string
  readonly #clock: Clock.Clock
  readonly #limits: AccountLimits
  readonly #queue: WaitQueue
  /** Mean milliseconds for which a call holds its permit, for estimates. */
  #meanHeldMillis = 0

  /** `queueLimits` are read for each call, and may change; `marginMillis` is added to the windows. */
  constructor(
    name: string,
    limits: RateLimits,
    marginMillis: number,
    queueLimits: QueueLimits,
    context: Context.Context<never>
  ) {
    this.#name = name
    this.#clock = Context.get(context, Clock.Clock)
    this.#limits = new AccountLimits(limits, marginMillis)
    const policy = {
      decide: ({ tokens }: Waiter, now: number) => this.#decide(tokens, now),
      blockOf: (tokens: number, ahead: number, now: number) => this.#limits.blockOf(tokens, ahead, now),
      estimateWait: (calls: number, tokens: number, now: number) =>
        LimitPolicy.estimateWaitMillis(this.#limits, calls, tokens, now, this.#meanHeldMillis)
    }
    this.#queue = new WaitQueue(name, queueLimits, policy, context)
  }

  /** Waits for a permit; see `Limiter.acquire`. */
  acquire(request: PermitRequest, restore: Restore): Effect.Effect<Permit, AcquireError> {
    const now = MonotonicClock.millisUnsafe(this.#clock)
    const tokens = this.#limits.countsTokens ? request.tokens() : 0
    const excess = this.#limits.exceededLimit(tokens)
    if (excess !== undefined) return Effect.fail(LimitPolicy.limitExceeded(this.#name, tokens, excess))
    const wait = this.#limits.waitMillis(tokens, now)
    if (wait === 0 && this.#queue.size === 0) return Effect.succeed(this.#admit(tokens, now))
    // A token limit may be learned while the call waits.
    return this.#queue.wait(request, this.#limits.countsTokens ? tokens : request.tokens(), wait, restore)
  }

  /** Changes the limits. */
  change(limits: RateLimits): void {
    this.#limits.change(limits)
    this.#queue.dispatch()
  }

  isIdle(): boolean {
    return this.#limits.inFlight === 0 && this.#queue.size === 0
  }

  state(): AccountState {
    const now = MonotonicClock.millisUnsafe(this.#clock)
    const usage = this.#limits.usage(now)
    const pausedUntil = toUnixTime(usage.pausedUntil, MonotonicClock.unixOffsetUnsafe(this.#clock))
    return { ...usage, pausedUntil, limits: this.#limits.limits, ...this.#queue.state() }
  }

  #decide(tokens: number, now: number): RevocablePermit | AcquireError | number {
    const excess = this.#limits.exceededLimit(tokens)
    if (excess !== undefined) return LimitPolicy.limitExceeded(this.#name, tokens, excess)
    const wait = this.#limits.waitMillis(tokens, now)
    return wait === 0 ? this.#admit(tokens, now) : wait
  }

  #admit(estimate: number, startedAt: number): RevocablePermit {
    // Tokens that are not counted now must not be removed if tokens count later.
    const tokens = this.#limits.countsTokens ? estimate : 0
    this.#limits.acquire(tokens, startedAt)
    let isHeld = true
    const end = (settle: (now: number) => void) =>
      Effect.sync(() => {
        if (!isHeld) return
        isHeld = false
        settle(MonotonicClock.millisUnsafe(this.#clock))
        if (this.#queue.size > 0) this.#queue.dispatch()
      })
    return {
      recordRateStatus: (status) => this.#limits.recordRateStatus(status, MonotonicClock.millisUnsafe(this.#clock)),
      release: (outcome) =>
        end((now) => {
          this.#limits.release()
          this.#meanHeldMillis += (now - startedAt - this.#meanHeldMillis) * meanWeight
          this.#limits.recordOutcome(outcome, now, startedAt)
        }),
      revoke: end((now) => this.#limits.cancel(tokens, startedAt, now))
    }
  }
}
