/** The journal under test, and calls for it. */
import type { Journal, Lease, Worker } from "@kimi-effect/client/journal/Journal"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { isTrue } from "../expect.ts"

export type Service = Journal["Service"]

export interface Subject {
  /** Registers a test of an empty journal. */
  readonly test: (name: string, test: (journal: Service) => Effect.Effect<void, unknown, Scope.Scope>) => void
  /** Waits for longer than a lease. */
  readonly pass: Effect.Effect<void>
}

export const header = { kind: "contract", digest: "1" }

export const call = (key: string) => ({ key, digest: "d", codec: Schema.Number })

/** A call that must not be made. */
export const never: Effect.Effect<number> = Effect.die(new Error("the call was made"))

/** A worker of a run with resources. */
export const join = (journal: Service, run: string, ...resources: ReadonlyArray<string>) =>
  Effect.tap(journal.join(run, header), (worker) => worker.add(resources))

/** The lease of the only resource that can be leased. */
export const claimOne = (worker: Worker): Effect.Effect<Lease, JournalStoreError, Scope.Scope> =>
  Effect.map(worker.claim({ limit: 2 }), ([lease, ...others]) => {
    isTrue(lease !== undefined && others.length === 0, "one resource can be leased")
    return lease as Lease
  })

/** Uses the lease of the only resource of a run, and releases it. */
export const during = <A, E>(journal: Service, run: string, use: (lease: Lease) => Effect.Effect<A, E>) =>
  Effect.scoped(Effect.flatMap(Effect.flatMap(join(journal, run, "a"), claimOne), use))

/** Starts a call that ends without a result. */
export const interrupted = (lease: Lease, key: string) =>
  Effect.gen(function* () {
    const started = yield* Deferred.make<void>()
    const effect = Effect.andThen(Deferred.succeed(started, undefined), Effect.never)
    const fiber = yield* Effect.forkChild(lease.call(call(key), effect))
    yield* Deferred.await(started)
    yield* Fiber.interrupt(fiber)
  })

/** Runs an effect in a process without time: what it leases is never renewed. */
export const frozen = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Clock.clockWith((clock) =>
    Effect.provideService(effect, Clock.Clock, {
      currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe(),
      currentTimeMillis: clock.currentTimeMillis,
      currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
      currentTimeNanos: clock.currentTimeNanos,
      monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: clock.monotonicTimeNanos,
      sleep: () => Effect.never
    })
  )
