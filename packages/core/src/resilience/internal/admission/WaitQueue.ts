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
import type { CircuitOpenError } from "../../../errors/ResilienceErrors.ts"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import * as CallDeadline from "../../../pipeline/internal/CallDeadline.ts"
import type { Restore } from "../../../pipeline/internal/StreamGuard.ts"
import { AdmissionQueue } from "./AdmissionQueue.ts"
import * as AdmissionRefusals from "./AdmissionRefusals.ts"
import type { AccountState, Permit, PermitRequest, QueueLimits } from "./Limiter.ts"
import { WaiterDeadlines } from "./WaiterDeadlines.ts"
import { WakeTimer } from "../../../internal/WakeTimer.ts"

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
  /** The `MonotonicClock` time at which it times out, or at which the bounds around it end. */
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
  /** What blocks a call with this many tokens, apart from calls that run; `ahead` calls are certainly admitted before it. */
  readonly blockOf: (tokens: number, ahead: number, now: number) => AdmissionRefusals.Block | undefined
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
  /** The time at which the longest wait ends. */
  readonly expiresAt: number
  /** The time at which the bounds around the call end; infinite without any. */
  readonly boundedBy: number
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
  /** Calls with bounds around them. */
  readonly #bounded = new Set<Entry>()
  /** None of them ends earlier. */
  #firstBound = Number.POSITIVE_INFINITY
  #waitingTokens = 0
  #isDispatching = false
  #isDispatchPending = false

  /**
   * The time is that of the given context. `queueLimits` are read for
   * each call, and may change.
   */
  constructor(account: string, queueLimits: QueueLimits, policy: AdmissionPolicy, context: Context.Context<never>) {
    this.#account = account
    this.#queueLimits = queueLimits
    this.#policy = policy
    this.#clock = Context.get(context, Clock.Clock)
    this.#timer = new WakeTimer(this.#clock, () => this.dispatch())
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
    return Effect.flatMap(
      Effect.all([CallOptions, CallDeadline.remainingMillis]),
      ([{ priority, tenant }, remaining]) =>
        Effect.suspend(() => {
          const now = MonotonicClock.millisUnsafe(this.#clock)
          const item = { priority, tenant, tokens, boundedBy: now + remaining }
          const refused = this.#refusal(item, atLeast, now)
          if (refused !== undefined) return Effect.fail(refused)
          const { maxWait } = this.#queueLimits
          const expiresAt = now + Duration.toMillis(maxWait)
          const rejection = request.watch?.() ?? neverRejected
          const deadline = Math.min(expiresAt, item.boundedBy)
          let entry: Entry | undefined
          const admitted = Effect.callback<Permit, AcquireError>((resume) => {
            const added: Entry = { ...item, expiresAt, deadline, maxWait, rejection, resume, permit: undefined }
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
        if (entry.boundedBy < entry.expiresAt) this.#refuseBounded(entry, { waitMillis: decision }, now)
        else this.#timeOut(entry, now)
      } else {
        this.#refuseBlocked(now + decision, now)
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
    const { maxWait, tokens } = entry
    entry.resume(Effect.fail(AdmissionRefusals.timeout(this.#account, maxWait, this.#retryAfter(tokens, now))))
  }

  /** Refuses a call whose bounds end before it can be admitted. */
  #refuseBounded(entry: Entry, known: AdmissionRefusals.Block, now: number): void {
    this.#remove(entry)
    const block = this.#policy.blockOf(entry.tokens, 0, now) ?? known
    entry.resume(Effect.fail(AdmissionRefusals.blocked(this.#account, block, entry.boundedBy - now)))
  }

  /** Refuses the calls behind the first whose bounds end before they can be admitted: the first one waits until `until`. */
  #refuseBlocked(until: number, now: number): void {
    if (until < this.#firstBound || until === Number.POSITIVE_INFINITY) return
    this.#firstBound = Number.POSITIVE_INFINITY
    for (const entry of this.#bounded) {
      const block = entry.boundedBy <= until ? this.#policy.blockOf(entry.tokens, 0, now) : undefined
      if (block !== undefined && now + block.waitMillis >= entry.boundedBy) this.#refuseBounded(entry, block, now)
      else this.#firstBound = Math.min(this.#firstBound, entry.boundedBy)
    }
  }

  /** Why a call may not even wait, if so. */
  #refusal(
    item: Pick<Entry, "priority" | "tenant" | "tokens" | "boundedBy">,
    atLeast: number,
    now: number
  ): AdmissionError | undefined {
    const { maxQueue, maxWait } = this.#queueLimits
    const { boundedBy, priority, tokens } = item
    const expiresAt = now + Duration.toMillis(maxWait)
    if (boundedBy < expiresAt) {
      const block = this.#policy.blockOf(tokens, this.#countAhead(item), now)
      if (block !== undefined && now + block.waitMillis >= boundedBy) {
        return AdmissionRefusals.blocked(this.#account, block, boundedBy - now)
      }
    }
    if (Number.isFinite(atLeast) && now + atLeast >= expiresAt) {
      return AdmissionRefusals.timeout(this.#account, maxWait, this.#retryAfter(tokens, now, atLeast))
    }
    return this.#queue.sizeOf(priority) < maxQueue
      ? undefined
      : AdmissionRefusals.queueFull(this.#account, maxQueue, this.#retryAfter(tokens, now))
  }

  /** Calls that are admitted before a new one: those of its tenant and priority that wait for at least as long as it may. */
  #countAhead(item: Pick<Entry, "priority" | "tenant" | "boundedBy">): number {
    let ahead = 0
    for (const { deadline } of this.#queue.before(item)) if (deadline >= item.boundedBy) ahead += 1
    return ahead
  }

  #retryAfter(tokens: number, now: number, atLeast = 0): Duration.Duration {
    const estimate = this.#policy.estimateWait(this.#queue.size + 1, this.#waitingTokens + tokens, now)
    return Duration.millis(Math.ceil(Math.max(atLeast, estimate)))
  }

  #add(entry: Entry): void {
    this.#queue.add(entry)
    this.#deadlines.add(entry)
    this.#waitingTokens += entry.tokens
    if (entry.boundedBy === Number.POSITIVE_INFINITY) return
    this.#bounded.add(entry)
    this.#firstBound = Math.min(this.#firstBound, entry.boundedBy)
  }

  #remove(entry: Entry): void {
    if (this.#queue.remove(entry)) this.#untrack(entry)
  }

  #untrack(entry: Entry): void {
    this.#deadlines.delete(entry)
    this.#bounded.delete(entry)
    this.#waitingTokens -= entry.tokens
  }
}
