/**
 * Where calls to one account wait: in order, bounded in number and in time.
 *
 * One timer serves all that wait, and lives only while somebody does.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { CallOptions, type Priority } from "../../../CallOptions.ts"
import type { AdmissionError } from "../../../errors/OperationErrors.ts"
import {
  AdmissionQueueFullError,
  AdmissionTimeoutError,
  type CircuitOpenError
} from "../../../errors/ResilienceErrors.ts"
import { AdmissionQueue } from "./AdmissionQueue.ts"
import type { AccountState, PermitRequest, QueueLimits, Permit } from "./Limiter.ts"
import type { Restore } from "../../../pipeline/internal/StreamGuard.ts"

type AcquireError = AdmissionError | CircuitOpenError

/**
 * A call that waits.
 *
 * @category models
 * @since 0.1.0
 */
interface Waiter {
  readonly priority: Priority
  readonly tenant: string
  readonly tokens: number
  /** Unix milliseconds at which it gives up. */
  readonly deadline: number
  /** Why it may no longer be made, when that is so. */
  readonly rejection: () => CircuitOpenError | undefined
}

/**
 * What the room asks of whoever decides.
 *
 * @category models
 * @since 0.1.0
 */
export interface AdmissionPolicy {
  /**
   * Decides over the call that goes next: its place, an error, or the
   * milliseconds after which to ask again, infinite when a call has to end first.
   */
  readonly decide: (waiter: Waiter, now: number) => RevocablePermit | AcquireError | number
  /** Estimates in milliseconds how long a call waits that has so many calls and tokens before it, its own included. */
  readonly estimateWait: (calls: number, tokens: number, now: number) => number
}

/**
 * A place that can still be taken back, since nothing was sent.
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

/**
 * @category models
 * @since 0.1.0
 */
export interface WaitQueue {
  /** How many wait. */
  readonly size: () => number
  /** How many wait and how many may. */
  readonly state: () => Pick<AccountState, "waiting" | "queues" | "maxQueue">
  /** Waits for a place in order. `atLeast` is how long that takes for certain, in milliseconds. */
  readonly wait: (
    ask: PermitRequest,
    tokens: number,
    atLeast: number,
    restore: Restore
  ) => Effect.Effect<Permit, AcquireError>
  /** Lets in whoever may go: to be called when a call has ended. */
  readonly dispatch: () => void
}

const isError = (decision: RevocablePermit | AcquireError): decision is AcquireError => "_tag" in decision

/**
 * A room in which nobody waits yet. The context is where the timer runs; what
 * the patience says holds for who comes next.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  account: string,
  patience: QueueLimits,
  { decide, estimateWait }: AdmissionPolicy,
  context: Context.Context<never>
): WaitQueue => {
  const clock = Context.get(context, Clock.Clock)
  const fork = Effect.runForkWith(context)
  const queue = new AdmissionQueue<Entry>()
  /** Who waits, by the patience that they came with, and so in order of their deadlines. */
  const impatience = new Map<number, Set<Entry>>()
  let waitingTokens = 0
  let timer: Fiber.Fiber<void> | undefined
  let armedFor = Number.POSITIVE_INFINITY
  let isServing = false
  let isAskedAgain = false

  const retryAfter = (tokens: number, now: number, atLeast = 0) =>
    Duration.millis(Math.ceil(Math.max(atLeast, estimateWait(queue.size + 1, waitingTokens + tokens, now))))

  const add = (entry: Entry): void => {
    queue.add(entry)
    waitingTokens += entry.tokens
    const patience = Duration.toMillis(entry.maxWait)
    const equals = impatience.get(patience)
    if (equals === undefined) impatience.set(patience, new Set([entry]))
    else equals.add(entry)
  }

  const forget = (entry: Entry): void => {
    waitingTokens -= entry.tokens
    const patience = Duration.toMillis(entry.maxWait)
    const equals = impatience.get(patience)
    equals?.delete(entry)
    if (equals?.size === 0) impatience.delete(patience)
  }

  const remove = (entry: Entry): void => {
    if (queue.remove(entry)) forget(entry)
  }

  const firstDeadline = (): number => {
    let first = Number.POSITIVE_INFINITY
    for (const equals of impatience.values()) {
      for (const { deadline } of equals) {
        first = Math.min(first, deadline)
        break
      }
    }
    return first
  }

  const timedOut = (
    { maxWait, tokens }: Pick<Entry, "maxWait" | "tokens">,
    now: number,
    atLeast?: number
  ): AdmissionTimeoutError =>
    new AdmissionTimeoutError({
      message: `The limits of ${account} had no room for the call within ${Duration.format(maxWait)}`,
      account,
      maxWait,
      retryAfter: retryAfter(tokens, now, atLeast)
    })

  const arm = (at: number): void => {
    if (armedFor === at) return
    timer?.interruptUnsafe()
    armedFor = at
    timer = Number.isFinite(at)
      ? fork(Effect.andThen(clock.sleep(Duration.millis(at - clock.currentTimeMillisUnsafe())), Effect.sync(wake)))
      : undefined
  }

  const wake = (): void => {
    timer = undefined
    armedFor = Number.POSITIVE_INFINITY
    serve()
  }

  /** Lets in whoever may go, and gives the time of the next look. */
  const serveOnce = (): number => {
    const now = clock.currentTimeMillisUnsafe()
    for (const equals of impatience.values()) {
      for (const entry of equals) {
        if (entry.deadline > now) break
        remove(entry)
        entry.resume(Effect.fail(timedOut(entry, now)))
      }
    }
    for (let entry = queue.peek(); entry !== undefined; entry = queue.peek()) {
      const decision = entry.rejection() ?? decide(entry, now)
      if (typeof decision === "number") {
        if (Number.isFinite(decision) && now + decision >= entry.deadline) {
          // It cannot make it, and must not hold up those behind it until then.
          remove(entry)
          entry.resume(Effect.fail(timedOut(entry, now)))
          continue
        }
        return Math.min(now + decision, firstDeadline())
      }
      if (isError(decision)) {
        remove(entry)
        entry.resume(Effect.fail(decision))
      } else {
        queue.take()
        forget(entry)
        entry.permit = decision
        entry.resume(Effect.succeed(decision))
      }
    }
    return Number.POSITIVE_INFINITY
  }

  /** Whoever is let in may run, end and call this again before it returns: once more is enough, and not deeper. */
  const serve = (): void => {
    isAskedAgain = true
    if (isServing) return
    isServing = true
    try {
      let next = Number.POSITIVE_INFINITY
      while (isAskedAgain) {
        isAskedAgain = false
        next = serveOnce()
      }
      arm(next)
    } finally {
      isServing = false
    }
  }

  const wait: WaitQueue["wait"] = (ask, tokens, atLeast, restore) =>
    Effect.flatMap(CallOptions, ({ priority, tenant }) =>
      Effect.suspend(() => {
        const now = clock.currentTimeMillisUnsafe()
        const { maxQueue, maxWait } = patience
        const maxWaitMillis = Duration.toMillis(maxWait)
        if (Number.isFinite(atLeast) && atLeast >= maxWaitMillis) {
          return Effect.fail(timedOut({ maxWait, tokens }, now, atLeast))
        }
        if (queue.sizeOf(priority) >= maxQueue) {
          return Effect.fail(
            new AdmissionQueueFullError({
              message: `${maxQueue} calls wait for ${account} already`,
              account,
              limit: maxQueue,
              retryAfter: retryAfter(tokens, now)
            })
          )
        }
        const rejection = ask.watch?.() ?? (() => undefined)
        let entry: Entry | undefined
        const entered = Effect.callback<Permit, AcquireError>((resume) => {
          const own: Entry = {
            priority,
            tenant,
            tokens,
            deadline: now + maxWaitMillis,
            maxWait,
            rejection,
            resume,
            permit: undefined
          }
          entry = own
          add(own)
          serve()
          return Effect.sync(() => {
            remove(own)
            serve()
          })
        })
        return Effect.onExit(restore(entered), (exit) =>
          Exit.isFailure(exit) && entry?.permit !== undefined ? entry.permit.revoke : Effect.void
        )
      })
    )

  return {
    size: () => queue.size,
    state: () => ({ waiting: queue.size, queues: queue.sizes, maxQueue: patience.maxQueue }),
    wait,
    dispatch: serve
  }
}
