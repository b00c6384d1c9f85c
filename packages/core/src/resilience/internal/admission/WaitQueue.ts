/**
 * The queue of calls that wait for one account: ordered, and bounded in length
 * and time.
 *
 * One timer serves all waiting calls, and runs only while there are any.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { CallOptions, type Priority } from "../../../CallOptions.ts"
import type { AdmissionError } from "../../../errors/OperationErrors.ts"
import {
  AdmissionQueueFullError,
  AdmissionTimeoutError,
  type CircuitOpenError
} from "../../../errors/ResilienceErrors.ts"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import type { Restore } from "../../../pipeline/internal/StreamGuard.ts"
import { AdmissionQueue } from "./AdmissionQueue.ts"
import type { AccountState, Permit, PermitRequest, QueueLimits } from "./Limiter.ts"
import { WaiterDeadlines } from "./WaiterDeadlines.ts"
import { WakeTimer } from "./WakeTimer.ts"

/**
 * Why a call gets no permit.
 *
 * @category errors
 * @since 0.1.0
 */
export type AcquireError = AdmissionError | CircuitOpenError

/**
 * A call that waits.
 *
 * @category models
 * @since 0.1.0
 */
export interface Waiter {
  readonly priority: Priority
  readonly tenant: string
  readonly tokens: number
  /** The `MonotonicClock` time at which it times out. */
  readonly deadline: number
  /** Why the call is no longer allowed, if so. */
  readonly rejection: () => CircuitOpenError | undefined
}

/**
 * The decisions that the queue delegates.
 *
 * @category models
 * @since 0.1.0
 */
export interface AdmissionPolicy {
  /**
   * Decides the next call: its permit, an error, or the milliseconds until the
   * next decision, infinite when another call has to end first.
   */
  readonly decide: (waiter: Waiter, now: number) => RevocablePermit | AcquireError | number
  /** Estimates in milliseconds how long a call waits behind this many calls and tokens, its own included. */
  readonly estimateWait: (calls: number, tokens: number, now: number) => number
}

/**
 * A permit that can still be revoked, since nothing was sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface RevocablePermit extends Permit {
  readonly revoke: Effect.Effect<void>
}

interface Entry extends Waiter {
  readonly maxWait: Duration.Duration
  readonly resume: (effect: Effect.Effect<Permit, AcquireError>) => void
  permit: RevocablePermit | undefined
}

const isError = (decision: RevocablePermit | AcquireError): decision is AcquireError => "_tag" in decision

const neverRejected = (): undefined => undefined

/**
 * The queue of one account, empty at first.
 *
 * @category models
 * @since 0.1.0
 */
export class WaitQueue {
  readonly #account: string
  readonly #queueLimits: QueueLimits
  readonly #policy: AdmissionPolicy
  readonly #clock: Clock.Clock
  readonly #timer: WakeTimer
  readonly #queue = new AdmissionQueue<Entry>()
  readonly #deadlines = new WaiterDeadlines<Entry>()
  #waitingTokens = 0
  #isDispatching = false
  #isDispatchPending = false

  /**
   * The timer runs in the given context. `queueLimits` are read for
   * each call, and may change.
   */
  constructor(account: string, queueLimits: QueueLimits, policy: AdmissionPolicy, context: Context.Context<never>) {
    this.#account = account
    this.#queueLimits = queueLimits
    this.#policy = policy
    this.#clock = Context.get(context, Clock.Clock)
    this.#timer = new WakeTimer(context, () => this.dispatch())
  }

  /** The number of waiting calls. */
  get size(): number {
    return this.#queue.size
  }

  /** The numbers of waiting calls, and how many may wait. */
  state(): Pick<AccountState, "waiting" | "queues" | "maxQueue"> {
    return { waiting: this.#queue.size, queues: this.#queue.sizes, maxQueue: this.#queueLimits.maxQueue }
  }

  /** Waits in order for a permit. `atLeast` is the known minimum of the wait, in milliseconds. */
  wait(request: PermitRequest, tokens: number, atLeast: number, restore: Restore): Effect.Effect<Permit, AcquireError> {
    return Effect.flatMap(CallOptions, ({ priority, tenant }) =>
      Effect.suspend(() => {
        const now = MonotonicClock.millisUnsafe(this.#clock)
        const refused = this.#refusal(priority, tokens, atLeast, now)
        if (refused !== undefined) return Effect.fail(refused)
        const { maxWait } = this.#queueLimits
        const rejection = request.watch?.() ?? neverRejected
        let entry: Entry | undefined
        const admitted = Effect.callback<Permit, AcquireError>((resume) => {
          const deadline = now + Duration.toMillis(maxWait)
          const added: Entry = { priority, tenant, tokens, deadline, maxWait, rejection, resume, permit: undefined }
          entry = added
          this.#add(added)
          this.dispatch()
          return Effect.sync(() => {
            this.#remove(added)
            this.dispatch()
          })
        })
        return Effect.onExit(restore(admitted), (exit) =>
          Exit.isFailure(exit) && entry?.permit !== undefined ? entry.permit.revoke : Effect.void
        )
      })
    )
  }

  /**
   * Admits every call that has capacity: to be called when a call has ended.
   *
   * A call that is admitted may run, end and call this again before it
   * returns. That repeats the loop once more instead of growing the stack.
   */
  dispatch(): void {
    this.#isDispatchPending = true
    if (this.#isDispatching) return
    this.#isDispatching = true
    try {
      let next = Number.POSITIVE_INFINITY
      while (this.#isDispatchPending) {
        this.#isDispatchPending = false
        next = this.#dispatchOnce()
      }
      this.#timer.set(next)
    } finally {
      this.#isDispatching = false
    }
  }

  /** Admits every call that has capacity, and returns the time of the next dispatch. */
  #dispatchOnce(): number {
    const now = MonotonicClock.millisUnsafe(this.#clock)
    this.#deadlines.forEachExpired(now, this.#timeOut)
    for (let entry = this.#queue.peek(); entry !== undefined; entry = this.#queue.peek()) {
      const decision = entry.rejection() ?? this.#policy.decide(entry, now)
      if (typeof decision !== "number") {
        this.#settle(entry, decision)
      } else if (Number.isFinite(decision) && now + decision >= entry.deadline) {
        // It cannot be admitted in time, and must not block the calls behind it until then.
        this.#timeOut(entry, now)
      } else {
        return Math.min(now + decision, this.#deadlines.first())
      }
    }
    return Number.POSITIVE_INFINITY
  }

  #settle(entry: Entry, decision: RevocablePermit | AcquireError): void {
    if (isError(decision)) {
      this.#remove(entry)
      entry.resume(Effect.fail(decision))
    } else {
      this.#queue.take()
      this.#untrack(entry)
      entry.permit = decision
      entry.resume(Effect.succeed(decision))
    }
  }

  readonly #timeOut = (entry: Entry, now: number): void => {
    this.#remove(entry)
    entry.resume(Effect.fail(this.#timeoutError(entry.maxWait, entry.tokens, now)))
  }

  /** Why a call may not even wait, if so. */
  #refusal(priority: Priority, tokens: number, atLeast: number, now: number): AdmissionError | undefined {
    const { maxQueue, maxWait } = this.#queueLimits
    if (Number.isFinite(atLeast) && atLeast >= Duration.toMillis(maxWait)) {
      return this.#timeoutError(maxWait, tokens, now, atLeast)
    }
    if (this.#queue.sizeOf(priority) < maxQueue) return undefined
    return new AdmissionQueueFullError({
      message: `${maxQueue} calls are already waiting for ${this.#account}`,
      account: this.#account,
      limit: maxQueue,
      retryAfter: this.#retryAfter(tokens, now)
    })
  }

  #timeoutError(maxWait: Duration.Duration, tokens: number, now: number, atLeast?: number): AdmissionTimeoutError {
    return new AdmissionTimeoutError({
      message: `The limits of ${this.#account} had no capacity for the call within ${Duration.format(maxWait)}`,
      account: this.#account,
      maxWait,
      retryAfter: this.#retryAfter(tokens, now, atLeast)
    })
  }

  #retryAfter(tokens: number, now: number, atLeast = 0): Duration.Duration {
    const estimate = this.#policy.estimateWait(this.#queue.size + 1, this.#waitingTokens + tokens, now)
    return Duration.millis(Math.ceil(Math.max(atLeast, estimate)))
  }

  #add(entry: Entry): void {
    this.#queue.add(entry)
    this.#deadlines.add(entry)
    this.#waitingTokens += entry.tokens
  }

  #remove(entry: Entry): void {
    if (this.#queue.remove(entry)) this.#untrack(entry)
  }

  #untrack(entry: Entry): void {
    this.#deadlines.delete(entry)
    this.#waitingTokens -= entry.tokens
  }
}
