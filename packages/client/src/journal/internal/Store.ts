/**
 * What the journal needs of a store. Each operation is atomic and durable when
 * it succeeds.
 */
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import type * as Effect from "effect/Effect"

/** Identifies a program: a run is only resumed by one with an equal header. */
export interface Header {
  readonly kind: string
  readonly digest: string
}

/** `Intent` before a call, `Result` after it, `Retry` when an uncertain call may run again. */
export type EntryKind = "Intent" | "Result" | "Retry"

export interface Entry {
  readonly key: string
  readonly kind: EntryKind
  readonly digest: string
  /** The encoded result as JSON; empty for other kinds. */
  readonly body: string
}

/** A lease of a resource. A higher epoch of the same resource ends it. */
export interface Claim {
  readonly resource: string
  readonly epoch: number
}

export interface Append {
  readonly runId: string
  readonly claim: Claim
  readonly entry: Entry
}

export interface ResourceStatus {
  readonly resource: string
  readonly epoch: number
  readonly state: "Waiting" | "Leased" | "Completed"
}

export interface RunStatus {
  readonly header: Header
  readonly isCancelled: boolean
  readonly resources: ReadonlyArray<ResourceStatus>
  readonly calls: number
}

export interface ClaimRequest {
  /** Only this resource, or any when it is missing. */
  readonly resource?: string | undefined
  readonly limit: number
  readonly ttlMillis: number
}

export interface Store {
  /** The kind of store, for errors. */
  readonly name: string
  /** Creates the run when it is missing, and gives the header with which it was created. */
  readonly open: (runId: string, header: Header) => Effect.Effect<Header, JournalStoreError>
  /** Adds resources that are missing. */
  readonly add: (runId: string, resources: ReadonlyArray<string>) => Effect.Effect<void, JournalStoreError>
  /** Leases resources that are neither completed nor leased. */
  readonly claim: (runId: string, request: ClaimRequest) => Effect.Effect<ReadonlyArray<Claim>, JournalStoreError>
  /** Extends a lease; false when another epoch began. */
  readonly renew: (runId: string, claim: Claim, ttlMillis: number) => Effect.Effect<boolean, JournalStoreError>
  /** Ends a lease; false when another epoch began. */
  readonly end: (runId: string, claim: Claim, isCompleted: boolean) => Effect.Effect<boolean, JournalStoreError>
  /** Appends in one transaction; an element is false when the epoch of its claim is over. */
  readonly append: (batch: ReadonlyArray<Append>) => Effect.Effect<ReadonlyArray<boolean>, JournalStoreError>
  /** The entries of a resource, oldest first. */
  readonly read: (runId: string, resource: string) => Effect.Effect<ReadonlyArray<Entry>, JournalStoreError>
  readonly status: (runId: string) => Effect.Effect<RunStatus | undefined, JournalStoreError>
  /** How many results of a run have this digest of their request. */
  readonly count: (runId: string, digest: string) => Effect.Effect<number, JournalStoreError>
  /** Whether the run was cancelled, is missing, or has no resource that is not completed. Workers ask often: entries are not read. */
  readonly isOver: (runId: string) => Effect.Effect<boolean, JournalStoreError>
  readonly cancel: (runId: string) => Effect.Effect<void, JournalStoreError>
}
