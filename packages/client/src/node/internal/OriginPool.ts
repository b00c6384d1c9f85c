/**
 * Which calls to one origin hold a connection, and which wait for one, in order.
 *
 * undici queues further calls itself, but its queue has no bound, cannot be
 * left and cannot be read. So a call is passed to undici only when a
 * connection is free. Effect's semaphore does not fit: a connection becomes
 * free in a callback of undici, outside of any fiber.
 *
 * Over HTTP/2 a host may allow fewer streams than undici opens by default, and
 * undici then does queue. Such calls count as waiting too.
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
  /** Called when a connection is free for the call, which has to report its request with `setSent`, and to `release` it. */
  readonly start: () => void
  /** Called when the call has waited too long: in place of `start`, or after it if undici has the call in its queue. */
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

/** All wait equally long, so that the first is the first to time out. */
const firstOf = (deadlines: ReadonlyMap<PooledCall, number>): number => {
  for (const deadline of deadlines.values()) return deadline
  return Number.POSITIVE_INFINITY
}

/** Takes out the calls whose time is over. */
function* expired(deadlines: Map<PooledCall, number>, now: number): Iterable<PooledCall> {
  for (const [call, deadline] of deadlines) {
    if (deadline > now) return
    deadlines.delete(call)
    yield call
  }
}

/** The pool of one origin. */
export class OriginPool {
  /** What metrics and health read. */
  readonly report: ConnectionPool
  readonly #limits: PoolLimits
  readonly #clock: Clock.Clock
  readonly #timer: WakeTimer
  /** With the time at which each times out. */
  readonly #waiting = new Map<PooledCall, number>()
  /** Calls that undici has in its queue, in the same order. */
  readonly #queued = new Map<PooledCall, number>()
  /** Calls that nothing waits for, which undici removes from its queue when their turn comes. */
  readonly #abandoned = new Set<PooledCall>()
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
        inUse: this.#sentCount,
        waiting: this.#waiting.size + this.#queued.size,
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

  get #sentCount(): number {
    return this.#inUse - this.#queued.size - this.#abandoned.size
  }

  /** Starts the call now, or when those that came before it have started and a connection is free. */
  enter(call: PooledCall): void {
    if (this.#waiting.size === 0 && this.#inUse < this.#limit) return this.#start(call, undefined)
    const deadline = this.#newDeadline()
    this.#waiting.set(call, deadline)
    if (this.#waiting.size === 1) this.#setTimer()
  }

  /** Takes a call out of the queue. Returns whether it had not started. */
  leave(call: PooledCall): boolean {
    const wasWaiting = this.#waiting.delete(call)
    if (this.#queued.delete(call)) this.#abandoned.add(call)
    this.#setTimer()
    return wasWaiting
  }

  /** To be called when the request of a call that has started is being sent. */
  setSent(call: PooledCall): void {
    if (this.#queued.delete(call)) this.#setTimer()
  }

  /** Frees the connection of a call that has started. */
  release(call: PooledCall): void {
    this.#inUse -= 1
    this.#queued.delete(call)
    this.#abandoned.delete(call)
    this.#admit()
  }

  /** To be called with the protocol of every new connection. */
  setProtocol(isHttp2: boolean): void {
    this.#isHttp2 = isHttp2
    this.#admit()
  }

  #newDeadline(): number {
    return MonotonicClock.millisUnsafe(this.#clock) + Duration.toMillis(this.#limits.poolTimeout)
  }

  /** The wait in the queue of undici continues that for a connection, if there was one. */
  #start(call: PooledCall, deadline: number | undefined): void {
    this.#inUse += 1
    // Without HTTP/2, what is not sent yet waits for its own connection, which has its own timeout.
    if (!this.#isHttp2) return call.start()
    this.#queued.set(call, deadline ?? this.#newDeadline())
    call.start()
    this.#setTimer()
  }

  /** A call may fail and release its connection before `start` returns. This loop then continues, so the stack does not grow. */
  #admit(): void {
    if (this.#isAdmitting) return
    this.#isAdmitting = true
    try {
      for (const [call, deadline] of this.#waiting) {
        if (this.#inUse >= this.#limit) break
        this.#waiting.delete(call)
        this.#start(call, deadline)
      }
    } finally {
      this.#isAdmitting = false
    }
    this.#setTimer()
  }

  #rejectExpired(): void {
    const now = MonotonicClock.millisUnsafe(this.#clock)
    for (const call of expired(this.#queued, now)) {
      this.#abandoned.add(call)
      this.#reject(call, now)
    }
    for (const call of expired(this.#waiting, now)) this.#reject(call, now)
    this.#setTimer()
  }

  #reject(call: PooledCall, now: number): void {
    this.#timedOutAt = now
    call.reject(new PoolTimeout(this.#limits.poolTimeout, this.#sentCount))
  }

  #setTimer(): void {
    this.#timer.set(Math.min(firstOf(this.#queued), firstOf(this.#waiting)))
  }
}
