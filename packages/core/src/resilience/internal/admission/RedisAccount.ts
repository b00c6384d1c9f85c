/**
 * One account whose limits are shared through Redis.
 *
 * A call is counted here first and then in Redis, so that this process always
 * knows its own usage. While Redis is unavailable, the process limits itself to
 * its share of the limits (`LocalShare`). When Redis is available again, the
 * process reports what it used in the meantime, and keeps to its share for
 * another minute, until all processes have reported.
 *
 * Accounts without known limits use Redis too: a pause that the host requests from
 * one process applies to all, and a limit that it names later needs the usage.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import type { StoreOutage } from "../../../internal/StoreOutage.ts"
import type { Restore } from "../../../pipeline/internal/StreamGuard.ts"
import type { RateLimits } from "../../RateLimits.ts"
import { toUnixTime } from "./AccountLimits.ts"
import type { Block } from "./AdmissionRefusals.ts"
import type { AdmissionScript, Reply } from "./AdmissionScript.ts"
import type { AccountState, Permit, PermitRequest, QueueLimits } from "./Limiter.ts"
import * as LimitPolicy from "./LimitPolicy.ts"
import { RedisPermits } from "./RedisPermits.ts"
import * as RedisRefusal from "./RedisRefusal.ts"
import { SharedUsage } from "./SharedUsage.ts"
import { type AcquireError, type RevocablePermit, type Waiter, WaitQueue } from "./WaitQueue.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly name: string
  /** Read for each call, and may change. */
  readonly queueLimits: QueueLimits
  readonly limits: RateLimits
  /** The fraction of the limits that this process uses while Redis is unavailable. */
  readonly localShare: number
  readonly marginMillis: number
  /** Time between two attempts to report to Redis. */
  readonly retryMillis: number
  readonly script: AdmissionScript
  readonly outage: StoreOutage
  /** Generates a permit id that no other process generates. */
  readonly nextPermitId: () => string
  /** Called when Redis does not reply. */
  readonly onStoreUnavailable: () => void
  /** Runs an effect in the background. */
  readonly runInBackground: (effect: Effect.Effect<void>) => void
  readonly context: Context.Context<never>
}

/** A permit of Redis for the next call in the queue. */
interface Grant {
  readonly tokens: number
  readonly permit: RevocablePermit
}

/**
 * @category models
 * @since 0.1.0
 */
export class RedisAccount {
  readonly #options: Options
  readonly #clock: Clock.Clock
  readonly #usage: SharedUsage
  readonly #permits = new RedisPermits()
  readonly #queue: WaitQueue
  #refusal = RedisRefusal.none
  #grant: Grant | undefined
  /** Whether Redis has to receive a report before it can decide. */
  #isStale = false
  #isRecovering = false
  #isRequesting = false

  constructor(options: Options) {
    const { context, limits, localShare, marginMillis, name, queueLimits } = options
    this.#options = options
    this.#clock = Context.get(context, Clock.Clock)
    this.#usage = new SharedUsage(limits, localShare, marginMillis)
    const policy = {
      decide: (waiter: Waiter, now: number) => this.#decide(waiter, now),
      blockOf: (tokens: number, ahead: number, now: number) => this.#blockOf(tokens, ahead, now),
      estimateWait: (calls: number, tokens: number, now: number) =>
        Math.max(this.#refusal.retryAt - now, LimitPolicy.estimateWaitMillis(this.#usage.limits, calls, tokens, now, 0))
    }
    this.#queue = new WaitQueue(name, queueLimits, policy, context)
  }

  /** Waits for a permit; see `Limiter.acquire`. */
  acquire(request: PermitRequest, restore: Restore): Effect.Effect<Permit, AcquireError> {
    return Effect.suspend(() => {
      const now = this.#now()
      const { limits } = this.#usage
      const estimate = () => Math.ceil(request.tokens())
      const tokens = limits.countsTokens ? estimate() : 0
      // A token limit may be learned while the call waits.
      const wait = (atLeast: number) =>
        this.#queue.wait(request, limits.countsTokens ? tokens : estimate(), atLeast, restore)
      const excess = limits.exceededLimit(tokens)
      if (excess !== undefined) {
        return Effect.fail(LimitPolicy.limitExceeded(this.#options.name, tokens, excess))
      }
      const atLeast = limits.waitMillis(tokens, now)
      if (atLeast > 0 || this.#shareWaitMillis(tokens, now) > 0 || this.#queue.size > 0) return wait(atLeast)
      if (this.#isStale) return Effect.succeed(this.#admitLocally(tokens, now))
      if (RedisRefusal.waitMillis(this.#refusal, tokens, now, Number.POSITIVE_INFINITY) > 0) return wait(0)
      return Effect.flatMap(this.#requestPermit(tokens, now), (result): ReturnType<typeof wait> =>
        typeof result === "number" ? wait(result) : Effect.succeed(result)
      )
    })
  }

  /** Continues without Redis until it has received a report. */
  markStale(): void {
    if (this.#isStale) return
    this.#isStale = true
    this.#usage.applyLocalShare(this.#now())
    if (this.#isRecovering) return
    this.#isRecovering = true
    this.#options.runInBackground(this.#recover())
  }

  /** Extends the lease of the permits that calls hold. */
  renew(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#isStale || this.#permits.isEmpty) return Effect.void
      const { held, released } = this.#permits
      this.#permits.addHeldToStored()
      const { outage, script } = this.#options
      return Effect.map(outage.tryRun(script.renew(held, released)), (reply) => {
        if (Option.isNone(reply)) return this.#options.onStoreUnavailable()
        this.#applyReply(reply.value)
        this.#permits.confirmReleased(released)
      })
    })
  }

  /** Changes the limits. Redis receives them with the next request. */
  change(limits: RateLimits): void {
    this.#usage.limits.change(limits)
    this.#refusal = RedisRefusal.none
    this.#queue.dispatch()
  }

  isIdle(): boolean {
    const hasReported = !this.#isStale && !this.#isRecovering && !this.#usage.hasUnreported
    return hasReported && this.#usage.limits.inFlight === 0 && this.#queue.size === 0
  }

  state(): AccountState {
    const { limits } = this.#usage
    const usage = limits.usage(this.#now())
    const pausedUntil = toUnixTime(usage.pausedUntil, MonotonicClock.unixOffsetUnsafe(this.#clock))
    return { ...usage, pausedUntil, limits: limits.limits, ...this.#queue.state() }
  }

  #now(): number {
    return MonotonicClock.millisUnsafe(this.#clock)
  }

  #applyReply(reply: Reply): void {
    if (reply.status === "reset") return this.markStale()
    this.#usage.applyReply(reply, this.#permits.size, this.#now())
  }

  /** Reports until Redis has all usage, including what was admitted during a report. */
  #recover(): Effect.Effect<void> {
    const { retryMillis } = this.#options
    return Effect.andThen(
      Effect.whileLoop({
        while: () => this.#isStale || this.#usage.hasUnreported,
        body: () =>
          Effect.andThen(
            this.#report(),
            Effect.suspend(() => (this.#isStale ? Effect.sleep(retryMillis) : this.renew()))
          ),
        step: () => undefined
      }),
      Effect.sync(() => {
        this.#isRecovering = false
      })
    )
  }

  #report(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { onStoreUnavailable, outage, script } = this.#options
      const [from, to, lately] = this.#usage.report(this.#now())
      return Effect.map(outage.tryRun(script.report(from, to, lately)), (reply) => {
        if (Option.isNone(reply)) return onStoreUnavailable()
        this.#isStale = false
        this.#usage.confirm(to, this.#now())
        this.#applyReply(reply.value)
        this.#queue.dispatch()
      })
    })
  }

  /** Milliseconds until the local share has capacity for a call, where the share applies. */
  #shareWaitMillis(tokens: number, now: number): number {
    return this.#isStale || this.#usage.isUncertain(now) ? this.#usage.localWaitMillis(tokens, now) : 0
  }

  #decide(waiter: Waiter, now: number): RevocablePermit | AcquireError | number {
    const { limits } = this.#usage
    const tokens = limits.countsTokens ? waiter.tokens : 0
    const granted = this.#takeGrant(tokens)
    if (granted !== undefined) return granted
    const excess = limits.exceededLimit(tokens)
    if (excess !== undefined) return LimitPolicy.limitExceeded(this.#options.name, tokens, excess)
    const wait = limits.waitMillis(tokens, now)
    if (wait > 0) return wait
    const shareWait = this.#shareWaitMillis(tokens, now)
    if (shareWait > 0) return RedisRefusal.recheckMillis(shareWait, now, waiter.deadline)
    if (this.#isStale) return this.#admitLocally(tokens, now)
    if (this.#isRequesting) return Number.POSITIVE_INFINITY
    const refused = RedisRefusal.waitMillis(this.#refusal, tokens, now, waiter.deadline)
    if (refused > 0) return refused
    this.#requestInBackground(tokens, now)
    return Number.POSITIVE_INFINITY
  }

  #blockOf(tokens: number, ahead: number, now: number): Block | undefined {
    const own = this.#usage.limits.blockOf(tokens, ahead, now)
    const shared = RedisRefusal.blockOf(this.#refusal, tokens, now)
    return (shared?.waitMillis ?? 0) > (own?.waitMillis ?? 0) ? shared : own
  }

  /** The permit that Redis has granted, if it is for this many tokens; another one is revoked. */
  #takeGrant(tokens: number): RevocablePermit | undefined {
    const grant = this.#grant
    if (grant === undefined) return undefined
    this.#grant = undefined
    if (grant.tokens === tokens) return grant.permit
    this.#options.runInBackground(grant.permit.revoke)
    return undefined
  }

  /** Admits a call without Redis, which receives a report later. */
  #admitLocally(tokens: number, now: number): RevocablePermit {
    this.#usage.startLocally(tokens, now)
    return this.#makePermit(this.#options.nextPermitId(), tokens, now)
  }

  /** Requests a permit from Redis: the result is the permit, or the milliseconds that the call waits at least. */
  #requestPermit(tokens: number, now: number): Effect.Effect<RevocablePermit | number> {
    return Effect.suspend(() => {
      const { nextPermitId, outage, script } = this.#options
      const id = nextPermitId()
      const limits = this.#usage.limits.limitsFor(tokens, now)
      this.#usage.startPending(tokens, now)
      const request = script.acquire(id, tokens, limits)
      return Effect.map(outage.tryRun(request), (reply) => {
        this.#usage.endPending(tokens)
        if (Option.isSome(reply) && reply.value.status === "ok") {
          this.#permits.addStored(id)
          const permit = this.#makePermit(id, tokens, now)
          this.#applyReply(reply.value)
          return permit
        }
        this.#usage.cancel(tokens, now, this.#now())
        if (Option.isSome(reply)) return this.#applyRefusal(reply.value, tokens)
        this.#permits.addReleased(id)
        this.#options.onStoreUnavailable()
        return 0
      })
    })
  }

  #applyRefusal(reply: Reply, tokens: number): number {
    this.#applyReply(reply)
    if (reply.status === "reset") return 0
    this.#refusal = RedisRefusal.fromReply(reply, tokens, this.#now())
    return reply.waitMillis
  }

  /** Requests a permit for the next call in the queue, and dispatches when the reply has arrived. */
  #requestInBackground(tokens: number, now: number): void {
    this.#isRequesting = true
    const request = Effect.flatMap(this.#requestPermit(tokens, now), (result) =>
      // The queue may be in the middle of a dispatch.
      Effect.andThen(
        Effect.yieldNow,
        Effect.suspend(() => this.#dispatchResult(tokens, result))
      )
    )
    this.#options.runInBackground(Effect.uninterruptible(request))
  }

  #dispatchResult(tokens: number, result: RevocablePermit | number): Effect.Effect<void> {
    this.#isRequesting = false
    if (typeof result !== "number") this.#grant = { tokens, permit: result }
    this.#queue.dispatch()
    const unused = this.#grant
    this.#grant = undefined
    // No call is waiting any more; what Redis has counted stays counted, as if the call had been made.
    return unused === undefined ? Effect.void : unused.permit.revoke
  }

  /** The permit of a call that is already counted here. */
  #makePermit(id: string, tokens: number, startedAt: number): RevocablePermit {
    const { limits } = this.#usage
    this.#permits.hold(id)
    const end = (settle: (now: number) => void) =>
      Effect.sync(() => {
        if (!this.#permits.endHold(id)) return
        settle(this.#now())
        this.#releaseInRedis(id)
        // A released permit does not change the rates, so that a refusal by rate stays.
        if (this.#refusal.tokens === 0) this.#refusal = RedisRefusal.none
        if (this.#queue.size > 0) this.#queue.dispatch()
      })
    return {
      recordRateStatus: (status) => limits.recordRateStatus(status, this.#now()),
      release: (outcome) =>
        end((now) => {
          this.#usage.release()
          limits.recordOutcome(outcome, now, startedAt)
        }),
      revoke: end((now) => this.#usage.cancel(tokens, startedAt, now))
    }
  }

  #releaseInRedis(id: string): void {
    const isStored = this.#permits.deleteStored(id)
    if (this.#isStale) {
      if (isStored) this.#permits.addReleased(id)
      return
    }
    const { onStoreUnavailable, outage, runInBackground, script } = this.#options
    const now = this.#now()
    const pauseMillis = Math.max(0, this.#usage.limits.usage(now).pausedUntil - now)
    runInBackground(
      Effect.map(outage.tryRun(script.release(id, pauseMillis)), (reply) => {
        if (Option.isSome(reply)) return this.#applyReply(reply.value)
        this.#permits.addReleased(id)
        onStoreUnavailable()
      })
    )
  }
}
