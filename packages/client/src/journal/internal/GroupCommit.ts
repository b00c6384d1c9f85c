/** Appends everything that waits in one transaction, so that a disk is waited for once for many calls. */
import { JournalStoreError, LeaseLostError } from "@kimi-effect/core/JournalErrors"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Append, Store } from "./Store.ts"

export type AppendError = JournalStoreError | LeaseLostError

interface Waiting {
  readonly append: Append
  readonly done: Deferred.Deferred<void, AppendError>
}

export const storeError = (store: string, operation: string, reason: string): JournalStoreError =>
  new JournalStoreError({ message: `The journal's ${store} store failed to ${operation}: ${reason}`, store, operation })

export const leaseLost = (resource: string, epoch: number): LeaseLostError =>
  new LeaseLostError({ message: `The lease ${epoch} of ${resource} is over, so nothing was written`, resource, epoch })

/** Bounds an operation of a store in time. */
export const bounded = <A>(
  store: Store,
  operation: string,
  timeout: Duration.Duration,
  effect: Effect.Effect<A, JournalStoreError>
): Effect.Effect<A, JournalStoreError> =>
  Effect.timeoutOrElse(effect, {
    duration: timeout,
    orElse: () => Effect.fail(storeError(store.name, operation, "it did not answer in time"))
  })

/** A function that appends one entry, and succeeds when the entry is durable. The writer runs until the scope closes. */
export const make = (
  store: Store,
  timeout: Duration.Duration
): Effect.Effect<(append: Append) => Effect.Effect<void, AppendError>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const queue = yield* Queue.unbounded<Waiting>()
    const commit = (batch: ReadonlyArray<Waiting>): Effect.Effect<void> =>
      bounded(store, "append", timeout, store.append(batch.map(({ append }) => append))).pipe(
        Effect.matchEffect({
          onFailure: (error) => Effect.forEach(batch, ({ done }) => Deferred.fail(done, error), { discard: true }),
          onSuccess: (isWritten) =>
            Effect.forEach(
              batch,
              ({ append: { claim }, done }, index) =>
                isWritten[index] === true
                  ? Deferred.succeed(done, undefined)
                  : Deferred.fail(done, leaseLost(claim.resource, claim.epoch)),
              { discard: true }
            )
        })
      )
    const waiting = new Set<Waiting>()
    // Runs after the writer has ended: what it had begun is written and answered.
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        Queue.shutdownUnsafe(queue)
        const closed = storeError(store.name, "append", "the journal was closed")
        return Effect.forEach(waiting, ({ done }) => Deferred.fail(done, closed), { discard: true })
      })
    )
    const next = Effect.uninterruptibleMask((restore) => Effect.flatMap(restore(Queue.takeAll(queue)), commit))
    yield* Effect.forkScoped(Effect.forever(next))
    return (append) =>
      Effect.suspend(() => {
        const one: Waiting = { append, done: Deferred.makeUnsafe<void, AppendError>() }
        if (!Queue.offerUnsafe(queue, one)) {
          return Effect.fail(storeError(store.name, "append", "the journal is closed"))
        }
        waiting.add(one)
        return Effect.ensuring(
          Deferred.await(one.done),
          Effect.sync(() => waiting.delete(one))
        )
      })
  })
