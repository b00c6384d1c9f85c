/**
 * A durable journal of the calls of a run: each call is recorded before and
 * after it is made, so that a process that was killed resumes without making
 * answered calls again.
 *
 * The work of a run is divided into resources, such as agents or ranges of rows.
 * A worker leases a resource, and writes of an older lease are refused.
 *
 * @since 0.1.0
 */
import { BatchJobLockedError } from "@kimi-effect/core/BatchErrors"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import { JournalMismatchError, type JournalStoreError, type LeaseLostError } from "@kimi-effect/core/JournalErrors"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as GroupCommit from "./internal/GroupCommit.ts"
import * as LeaseCalls from "./internal/Lease.ts"
import * as MemoryStore from "./internal/MemoryStore.ts"
import type { Claim, ClaimRequest, Header, RunStatus, Store } from "./internal/Store.ts"

export type { CallError, CallOptions, Resolution } from "./internal/Lease.ts"
export type { Header, ResourceStatus, RunStatus } from "./internal/Store.ts"

/**
 * A leased resource. The lease is renewed until the scope closes, and then
 * released.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lease extends LeaseCalls.Calls {
  readonly resource: string
  /** The number of the lease; a later lease of the resource has a higher one. */
  readonly epoch: number
  /** Ends the lease, and marks the resource as done: it is not leased again. */
  readonly complete: Effect.Effect<void, JournalStoreError | LeaseLostError>
  /** Ends the lease, so that another worker can continue. */
  readonly release: Effect.Effect<void, JournalStoreError | LeaseLostError>
}

/**
 * A run that this process takes part in.
 *
 * @category models
 * @since 0.1.0
 */
export interface Worker {
  /** Adds resources. Those that exist are left as they are. */
  readonly add: (resources: ReadonlyArray<string>) => Effect.Effect<void, JournalStoreError>
  /** Leases up to `limit` resources that no living worker has and that are not done. */
  readonly claim: (options: {
    readonly limit: number
  }) => Effect.Effect<ReadonlyArray<Lease>, JournalStoreError, Scope.Scope>
}

/**
 * @category services
 * @since 0.1.0
 */
export class Journal extends Context.Service<
  Journal,
  {
    /**
     * Starts or resumes a run that only one process works on, until the scope
     * closes. Fails with `BatchJobLockedError` while another one does, and with
     * `JournalMismatchError` when the run was started with another header.
     */
    readonly run: (
      runId: string,
      header: Header
    ) => Effect.Effect<Lease, BatchJobLockedError | JournalMismatchError | JournalStoreError, Scope.Scope>
    /** Starts or joins a run that several processes may work on. */
    readonly join: (runId: string, header: Header) => Effect.Effect<Worker, JournalMismatchError | JournalStoreError>
    /** The state of a run, undefined when it does not exist. Takes no lease. */
    readonly status: (runId: string) => Effect.Effect<RunStatus | undefined, JournalStoreError>
    /** Asks the workers of a run to stop; they see it as `isCancelled` of its status. */
    readonly cancel: (runId: string) => Effect.Effect<void, JournalStoreError>
  }
>()("@kimi-effect/client/journal/Journal") {}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** How long a lease lasts without being renewed. Defaults to 2 seconds. */
  readonly lease?: Duration.Input | undefined
  /** Longest wait for one operation of the store. Defaults to 10 seconds. */
  readonly timeout?: Duration.Input | undefined
}

/** The resource of a run that one process works on. */
const wholeRun = "run"

const makeService = (
  store: Store,
  { lease = "2 seconds", timeout: timeoutInput = "10 seconds" }: Options
): Effect.Effect<Journal["Service"], never, Scope.Scope> =>
  Effect.gen(function* () {
    const ttl = OptionRules.durationOf(lease)
    const ttlMillis = Duration.toMillis(ttl)
    const timeout = OptionRules.durationOf(timeoutInput)
    const append = yield* GroupCommit.make(store, timeout)
    const within = <A>(operation: string, effect: Effect.Effect<A, JournalStoreError>) =>
      GroupCommit.bounded(store, operation, timeout, effect)

    const leaseOf = (runId: string, claim: Claim): Effect.Effect<Lease, JournalStoreError, Scope.Scope> =>
      Effect.gen(function* () {
        let isOver = false
        const end = (isCompleted: boolean): Effect.Effect<void, JournalStoreError | LeaseLostError> =>
          Effect.suspend(() => {
            isOver = true
            return Effect.flatMap(within("end a lease", store.end(runId, claim, isCompleted)), (isHeld) =>
              isHeld ? Effect.void : Effect.fail(GroupCommit.leaseLost(claim.resource, claim.epoch))
            )
          })
        // A lease that cannot be released expires.
        yield* Effect.addFinalizer(() => Effect.suspend(() => (isOver ? Effect.void : Effect.ignore(end(false)))))
        const renew = Effect.suspend(() => (isOver ? Effect.succeed(true) : store.renew(runId, claim, ttlMillis))).pipe(
          Effect.tap((isHeld) =>
            Effect.sync(() => {
              isOver ||= !isHeld
            })
          ),
          (effect) => within("renew a lease", effect),
          // The store refuses writes once another worker has the lease.
          Effect.ignore
        )
        yield* Effect.forkScoped(Effect.repeat(Effect.delay(renew, Duration.millis(ttlMillis / 3)), Schedule.forever))
        const entries = LeaseCalls.newest(yield* within("read", store.read(runId, claim.resource)))
        const calls = LeaseCalls.make(store.name, runId, claim, entries, append, () => isOver)
        return { ...claim, ...calls, complete: end(true), release: end(false) }
      })

    const open = (runId: string, header: Header) =>
      Effect.flatMap(within("open", store.open(runId, header)), (recorded) =>
        recorded.kind === header.kind && recorded.digest === header.digest
          ? Effect.void
          : Effect.fail(
              new JournalMismatchError({
                message: `The run ${runId} was started by another program or with other options`,
                key: "header",
                recorded: `${recorded.kind}/${recorded.digest}`,
                actual: `${header.kind}/${header.digest}`
              })
            )
      )
    const claim = (runId: string, request: Omit<ClaimRequest, "ttlMillis">) =>
      Effect.uninterruptible(
        Effect.flatMap(within("claim", store.claim(runId, { ...request, ttlMillis })), (claims) =>
          Effect.forEach(claims, (one) => leaseOf(runId, one))
        )
      )
    return {
      run: (runId, header) =>
        Effect.gen(function* () {
          yield* open(runId, header)
          yield* within("add", store.add(runId, [wholeRun]))
          const [only] = yield* claim(runId, { resource: wholeRun, limit: 1 })
          if (only !== undefined) return only
          return yield* new BatchJobLockedError({
            message: `Another process works on the run ${runId}, or it is done`,
            job: runId
          })
        }),
      join: (runId, header) =>
        Effect.as(open(runId, header), {
          add: (resources: ReadonlyArray<string>) => within("add", store.add(runId, resources)),
          claim: ({ limit }: { readonly limit: number }) => claim(runId, { limit })
        }),
      status: (runId) => within("read the status", store.status(runId)),
      cancel: (runId) => within("cancel", store.cancel(runId))
    }
  })

/**
 * A journal in this process, which is lost when the process ends.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = (options: Options = {}): Effect.Effect<Journal["Service"], ConfigurationError, Scope.Scope> =>
  OptionRules.check("Journal", [
    OptionRules.positiveDuration("lease", options.lease),
    OptionRules.positiveDuration("timeout", options.timeout)
  ]).pipe(
    Effect.andThen(MemoryStore.make),
    Effect.flatMap((store) => makeService(store, options))
  )

/**
 * A journal in this process, which is lost when the process ends.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options?: Options): Layer.Layer<Journal, ConfigurationError> =>
  Layer.effect(Journal, makeMemory(options))
