/**
 * A queue of background operations, which run one after the other.
 *
 * Pending operations are bounded in number and in bytes; beyond that they are
 * refused. When the scope closes, pending operations still run, within a time
 * limit.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Maximum number of pending operations. */
  readonly maxPending: number
  /** Maximum bytes of pending operations. */
  readonly maxPendingBytes: number
  /** The longest time for pending operations when the scope closes. */
  readonly flushTimeout: Duration.Duration
}

/**
 * @category models
 * @since 0.1.0
 */
export interface WriteBehind {
  /** Queues an operation; `false` if the bounds are reached. */
  readonly offer: (bytes: number, operation: Effect.Effect<void>) => boolean
  /** Runs an operation after all that are queued, and waits for it, regardless of the bounds. */
  readonly runInOrder: <A, E>(operation: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** Operations that are queued or running. */
  readonly pending: () => number
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* ({
  flushTimeout,
  maxPending,
  maxPendingBytes
}: Options): Effect.fn.Return<WriteBehind, never, Scope.Scope> {
  const queue = yield* Queue.unbounded<Effect.Effect<void>, Cause.Done>()
  let pending = 0
  let pendingBytes = 0

  const enqueue = (bytes: number, operation: Effect.Effect<void>): boolean => {
    const isQueued = Queue.offerUnsafe(
      queue,
      Effect.ensuring(
        operation,
        Effect.sync(() => {
          pending -= 1
          pendingBytes -= bytes
        })
      )
    )
    if (!isQueued) return false
    pending += 1
    pendingBytes += bytes
    return true
  }

  const worker = yield* Effect.forkDetach(
    // The end of the queue ends the worker; a defect of an operation must not.
    Effect.ignore(Effect.forever(Effect.flatMap(Queue.take(queue), Effect.exit)))
  )
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      yield* Queue.end(queue)
      yield* Effect.timeoutOption(Fiber.await(worker), flushTimeout)
      // An uninterruptible operation must not delay the close.
      worker.interruptUnsafe()
    })
  )

  return {
    offer: (bytes, operation) =>
      pending < maxPending && pendingBytes + bytes <= maxPendingBytes && enqueue(bytes, operation),
    runInOrder: <A, E>(operation: Effect.Effect<A, E>) =>
      Effect.suspend(() => {
        const done = Deferred.makeUnsafe<A, E>()
        const isQueued = enqueue(
          0,
          Effect.flatMap(Effect.exit(operation), (exit) => Deferred.done(done, exit))
        )
        return isQueued ? Deferred.await(done) : operation
      }),
    pending: () => pending
  }
})
