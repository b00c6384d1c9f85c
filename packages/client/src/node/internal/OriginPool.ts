/**
 * Which calls to one origin hold a connection, and which wait for one, in order.
 *
 * undici queues further calls itself, but its queue has no bound, cannot be
 * left and cannot be read. So a call is passed to undici only when a
 * connection is free. Effect's semaphore does not fit: a connection becomes
 * free in a callback of undici, outside of any fiber.
 *
 * @since 0.1.0
 */
import type { ConnectionPool } from "@kimi-effect/core/ConnectionPool"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import { WakeTimer } from "@kimi-effect/core/internal/WakeTimer"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { PoolTimeout } from "../../internal/PoolTimeout.ts"

/** A call that needs a connection. */
export interface PooledCall {
  /** Called when a connection is free for the call, which has to `release` it. */
  readonly start: () => void
  /** Called in place of `start` when the call has waited too long. */
  readonly reject: (cause: PoolTimeout) => void
}

export interface PoolLimits {
  readonly maxConnections: number
  /** Longest wait for a connection. */
  readonly poolTimeout: Duration.Duration
}

/**
 * Both what undici opens on a connection and what hosts are advised to allow
 * at least (RFC 9113, section 6.5.2).
 */
export const callsPerHttp2Connection = 100

/** The pool of one origin. */
export class OriginPool {
  /** What metrics and health read. */
  readonly report: ConnectionPool
  readonly #limits: PoolLimits
  readonly #clock: Clock.Clock
  readonly #timer: WakeTimer
  /** With the time at which each times out. All wait equally long, so the first is the first to time out. */
  readonly #waiting = new Map<PooledCall, number>()
  #inUse = 0
  #isHttp2 = false
  #isAdmitting = false
  #timedOutAt: number | undefined = undefined

  /** The time is that of the given context. */
  constructor(origin: string, limits: PoolLimits, context: Context.Context<never>) {
    this.#limits = limits
    this.#clock = Context.get(context, Clock.Clock)
    this.#timer = new WakeTimer(this.#clock, () => this.#rejectExpired())
    this.report = {
      origin,
      state: Effect.sync(() => ({
        inUse: this.#inUse,
        waiting: this.#waiting.size,
        limit: this.#limit,
        ...(this.#timedOutAt === undefined
          ? {}
          : { millisSinceTimeout: MonotonicClock.millisUnsafe(this.#clock) - this.#timedOutAt })
      }))
    }
  }

  get #limit(): number {
    const { maxConnections } = this.#limits
    return this.#isHttp2 ? maxConnections * callsPerHttp2Connection : maxConnections
  }

  /** Starts the call now, or when those that came before it have started and a connection is free. */
  enter(call: PooledCall): void {
    if (this.#waiting.size === 0 && this.#inUse < this.#limit) {
      this.#inUse += 1
      call.start()
      return
    }
    const deadline = MonotonicClock.millisUnsafe(this.#clock) + Duration.toMillis(this.#limits.poolTimeout)
    this.#waiting.set(call, deadline)
    if (this.#waiting.size === 1) this.#timer.set(deadline)
  }

  /** Takes a call out of the queue. Returns whether it was waiting. */
  leave(call: PooledCall): boolean {
    const wasWaiting = this.#waiting.delete(call)
    if (wasWaiting) this.#stopTimerIfIdle()
    return wasWaiting
  }

  /** Frees the connection of a call that has started. */
  release(): void {
    this.#inUse -= 1
    this.#admit()
  }

  /** To be called with the protocol of every new connection. */
  setProtocol(isHttp2: boolean): void {
    this.#isHttp2 = isHttp2
    this.#admit()
  }

  /** A call may fail and release its connection before `start` returns. This loop then continues, so the stack does not grow. */
  #admit(): void {
    if (this.#isAdmitting) return
    this.#isAdmitting = true
    try {
      for (const call of this.#waiting.keys()) {
        if (this.#inUse >= this.#limit) break
        this.#waiting.delete(call)
        this.#inUse += 1
        call.start()
      }
    } finally {
      this.#isAdmitting = false
    }
    this.#stopTimerIfIdle()
  }

  #rejectExpired(): void {
    const now = MonotonicClock.millisUnsafe(this.#clock)
    for (const [call, deadline] of this.#waiting) {
      if (deadline > now) return this.#timer.set(deadline)
      this.#waiting.delete(call)
      this.#timedOutAt = now
      call.reject(new PoolTimeout(this.#limits.poolTimeout, this.#limit))
    }
  }

  #stopTimerIfIdle(): void {
    if (this.#waiting.size === 0) this.#timer.set(Number.POSITIVE_INFINITY)
  }
}
