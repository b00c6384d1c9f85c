/** The service of `Journal`, which is loaded without its stores. */
import type { BatchJobLockedError } from "@kimi-effect/core/BatchErrors"
import type { JournalMismatchError, JournalStoreError } from "@kimi-effect/core/JournalErrors"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Lease, Recorded, Worker } from "../Journal.ts"
import type { Header, RunStatus } from "./Store.ts"

// The key names the public module.
// @effect-diagnostics deterministicKeys:off

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
     * A complete run is replayed: its results are returned, and a call that it
     * does not contain fails with `JournalMismatchError`.
     */
    readonly run: (
      runId: string,
      header: Header
    ) => Effect.Effect<Lease, BatchJobLockedError | JournalMismatchError | JournalStoreError, Scope.Scope>
    /** Starts or joins a run that several processes may work on. */
    readonly join: (runId: string, header: Header) => Effect.Effect<Worker, JournalMismatchError | JournalStoreError>
    /** The state of a run, undefined when it does not exist. Takes no lease. */
    readonly status: (runId: string) => Effect.Effect<RunStatus | undefined, JournalStoreError>
    /** How many recorded results of a run have this digest of their request. Takes no lease. */
    readonly count: (runId: string, digest: string) => Effect.Effect<number, JournalStoreError>
    /** Whether a run has no work left: it was cancelled or deleted, or all of its resources are completed. Costs less than its status. */
    readonly isOver: (runId: string) => Effect.Effect<boolean, JournalStoreError>
    /** The recorded results of a resource, in the order in which they were recorded. Takes no lease. */
    readonly results: (runId: string, resource: string) => Effect.Effect<ReadonlyArray<Recorded>, JournalStoreError>
    /** Asks the workers of a run to stop; they see it in `isOver`, and as `isCancelled` of its status. */
    readonly cancel: (runId: string) => Effect.Effect<void, JournalStoreError>
  }
>()("@kimi-effect/client/journal/Journal") {}
