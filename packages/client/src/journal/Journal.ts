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
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { JournalStoreError, LeaseLostError } from "@kimi-effect/core/JournalErrors"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Journal } from "./internal/JournalService.ts"
import type * as LeaseCalls from "./internal/Lease.ts"

export { Journal } from "./internal/JournalService.ts"
export type { CallError, CallOptions, Calls, Resolution } from "./internal/Lease.ts"
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
  /** Leases up to `limit` resources that no living worker has and that are not done: any, or only `resource`. */
  readonly claim: (options: {
    readonly limit: number
    readonly resource?: string | undefined
  }) => Effect.Effect<ReadonlyArray<Lease>, JournalStoreError, Scope.Scope>
  /** The results that a resource has now, without a lease. A call that has none is not made, and fails with `LeaseLostError`. */
  readonly read: (resource: string) => Effect.Effect<LeaseCalls.Calls, JournalStoreError>
}

/**
 * A recorded result.
 *
 * @category models
 * @since 0.1.0
 */
export interface Recorded {
  readonly key: string
  /** Digest of the request. */
  readonly digest: string
  /** The result as JSON, in the encoded form of its codec. */
  readonly json: string
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** How long a lease lasts without being renewed, which it is three times as often. Longer than the store takes for an answer, since others get a lease that cannot be renewed in time. Defaults to 2 seconds. */
  readonly lease?: Duration.Input | undefined
  /** Longest wait for one operation of the store. Defaults to 10 seconds. */
  readonly timeout?: Duration.Input | undefined
}

/**
 * A journal in this process, which is lost when the process ends.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = (options: Options = {}): Effect.Effect<Journal["Service"], ConfigurationError, Scope.Scope> =>
  Effect.flatMap(
    loadModule(() => import("./internal/memoryJournal.ts")),
    ({ makeMemory }) => makeMemory(options)
  )

/**
 * A journal in this process, which is lost when the process ends.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options?: Options): Layer.Layer<Journal, ConfigurationError> =>
  OptionRules.layerOf("Journal", options, (options) => Layer.effect(Journal, makeMemory(options)))

/**
 * The same as `layerMemory`.
 *
 * @alias layerMemory
 * @category layers
 * @since 0.1.0
 */
export const layer: typeof layerMemory = layerMemory
