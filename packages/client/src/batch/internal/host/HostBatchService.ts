/** The service of `HostBatch`, which is loaded without its requests. */
import type { Batch } from "@kimi-effect/core/Batch"
import type { InvalidBatchError } from "@kimi-effect/core/BatchErrors"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type { FileError, HostApiError } from "@kimi-effect/core/OperationErrors"
import type { IdleTimeoutError } from "@kimi-effect/core/TimeoutErrors"
import type { UnsupportedOperationError } from "@kimi-effect/core/ValidationErrors"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Provider } from "../../../Provider.ts"
import type { Input } from "../../Batch.ts"
import type { BatchIdError } from "../../BatchApi.ts"
import type { BatchResponse } from "../../BatchResponse.ts"
import type { FollowOptions, PrepareOptions, ResultOptions, SubmitOptions } from "../../HostBatch.ts"
import type { HostRow, PreparedBatch } from "./prepare.ts"
import type { SubmitError } from "./submit.ts"

// The key names the public module.
// @effect-diagnostics deterministicKeys:off

/**
 * Batches that the host runs.
 *
 * @category services
 * @since 0.1.0
 */
export class HostBatch extends Context.Service<
  HostBatch,
  {
    readonly provider: Provider
    /** Checks all rows and encodes their file. Sends nothing. */
    readonly prepare: <E = never, R = never>(
      input: Input<E, R>,
      options?: PrepareOptions
    ) => Effect.Effect<PreparedBatch, ConfigurationError | InvalidBatchError | UnsupportedOperationError | E, R>
    /** Reserves the cost, uploads the file and creates the batch, each once. */
    readonly submit: <E = never, R = never>(
      prepared: PreparedBatch,
      options?: SubmitOptions<E, R>
    ) => Effect.Effect<Batch, SubmitError | E, R>
    /** Waits until a batch has ended. */
    readonly follow: <R = never>(
      id: string,
      options?: FollowOptions<R>
    ) => Effect.Effect<Batch, ConfigurationError | BatchIdError, R>
    /** The rows of a batch, from its file at the host. Their lines are those of the file. If the file was deleted, the rows with a result, in the order of the results. */
    readonly rows: (batch: Batch) => Effect.Effect<ReadonlyArray<HostRow>, FileError>
    /** The outcomes of the rows of a batch that has ended, as the host lists them; those without a result come last. */
    readonly results: <A = string, RD = never, E = never, R = never>(
      batch: Batch,
      rows: Iterable<HostRow>,
      options?: ResultOptions<A, RD, E, R>
    ) => Stream.Stream<BatchResponse<A>, ConfigurationError | FileError | E, RD | R>
    /** The state of a batch. */
    readonly get: (id: string) => Effect.Effect<Batch, BatchIdError>
    /** Asks the host to cancel a batch. What was answered before is billed, and can be collected. */
    readonly cancel: (id: string) => Effect.Effect<Batch, BatchIdError>
    /** Whether the host has a file, which it shows only to the account that has uploaded it. */
    readonly hasFile: (id: string) => Effect.Effect<boolean, HostApiError | IdleTimeoutError>
    /** Deletes the files of a batch at the host, where an account has at most 1,000. */
    readonly deleteFiles: (batch: Batch) => Effect.Effect<void, FileError>
  }
>()("@kimi-effect/client/batch/HostBatch") {}
