/**
 * Work that nobody waits for, done in the background one after the other.
 *
 * What waits is bounded in number and in bytes: when there is no room, work is
 * refused. When its scope closes, what waits is still done, within a bound of
 * time.
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
  /** Most operations that wait. */
  readonly maxPending: number
  /** Most bytes that they hold together. */
  readonly maxPendingBytes: number
  /** Longest time for what still waits when the scope closes. */
  readonly flushTimeout: Duration.Duration
}

/**
 * @category models
 * @since 0.1.0
 */
export interface WriteBehind {
  /** Has an operation run after all that came before it; `false` when there is no room for it. */
  readonly offer: (bytes: number, operation: Effect.Effect<void>) => boolean
  /** Runs an operation after all that came before it, and waits for it. There is always room for it. */
  readonly runInOrder: <A, E>(operation: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** Operations that wait or run. */
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
    const isTaken = Queue.offerUnsafe(
      queue,
      Effect.ensuring(
        operation,
        Effect.sync(() => {
          pending -= 1
          pendingBytes -= bytes
        })
      )
    )
    if (!isTaken) return false
    pending += 1
    pendingBytes += bytes
    return true
  }

  const worker = yield* Effect.forkDetach(
    // The end of the queue ends the worker; an operation that dies must not.
    Effect.ignore(Effect.forever(Effect.flatMap(Queue.take(queue), Effect.exit)))
  )
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      yield* Queue.end(queue)
      yield* Effect.timeoutOption(Fiber.await(worker), flushTimeout)
      // An operation that holds the interrupt back does not hold back who closes.
      worker.interruptUnsafe()
    })
  )

  return {
    offer: (bytes, operation) =>
      pending < maxPending && pendingBytes + bytes <= maxPendingBytes && enqueue(bytes, operation),
    runInOrder: <A, E>(operation: Effect.Effect<A, E>) =>
      Effect.suspend(() => {
        const done = Deferred.makeUnsafe<A, E>()
        const isTaken = enqueue(
          0,
          Effect.flatMap(Effect.exit(operation), (exit) => Deferred.done(done, exit))
        )
        return isTaken ? Deferred.await(done) : operation
      }),
    pending: () => pending
  }
})
