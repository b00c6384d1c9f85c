/**
 * An audit of calls in a file: a line of JSON for every call that has ended,
 * with who made it, when, the model, the outcome and the cost, and without any
 * content of the request or the response.
 *
 * Pass `record` to an `Observer`; nothing else of the client changes:
 *
 * ```ts
 * const { healthCheck, record } = yield* AuditLog
 * yield* Observer.make({ onCall: [record], healthChecks: [healthCheck] })
 * ```
 *
 * **Details**
 *
 * - The file is rotated when it exceeds a size and at the end of its day (UTC),
 *   and a number of rotated files is kept. Files are readable for their owner
 *   only. Several processes may write the same file.
 * - `durability` determines how much a killed process can lose. Pending lines
 *   are written when the scope closes and when the process exits.
 * - While the file cannot be written, calls continue: lines are kept up to a
 *   limit and written later, and a line reports how many were dropped. A warning
 *   is logged once, and `status` and health show the failure. A program that must not make
 *   calls without an audit runs `check` before each call: when a call is
 *   recorded, it has been paid for, so withholding its response would not help.
 * - It does not use a package, because those that rotate files support one
 *   process only, use timers outside of `Clock`, and lose lines when they rotate
 *   during an error.
 *
 * **Gotchas**
 *
 * - Lines of several processes are never mixed on local file systems; on NFS,
 *   use a different path for each process.
 * - A line may occur twice, with the same `id`, when a process exited while it
 *   was written. A line that was cut short by a killed process or a full disk is
 *   not JSON, is on a line by itself, and may be followed by an empty line.
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type { HealthCheck } from "@kimi-effect/core/Health"
import type { CallRecord } from "@kimi-effect/core/CallRecord"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

import type { AuditUnavailableError } from "./internal/AuditUnavailableError.ts"

export { AuditUnavailableError } from "./internal/AuditUnavailableError.ts"

/**
 * When a recorded call is durable.
 *
 * - `batched`: within 200 milliseconds; lines of the current batch are lost when
 *   the process is killed.
 * - `written`: when `record` completes; lost only when the machine fails.
 * - `synced`: when `record` completes; the line is on the disk.
 *
 * @category options
 * @since 0.1.0
 */
export type Durability = "batched" | "written" | "synced"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /**
   * Path of the file. Its folder is created when it is missing. A file of others
   * and a symbolic link to a file are not used; a link to a device is.
   */
  readonly path: string
  /** Size at which the file is rotated. Defaults to 64 MiB, at least 4 KiB. */
  readonly maxBytes?: number | undefined
  /** Most rotated files that are kept; the oldest are removed. Defaults to 30. */
  readonly maxFiles?: number | undefined
  /** Whether the file is rotated at the end of its day. Defaults to `true`. */
  readonly daily?: boolean | undefined
  /** Defaults to `batched`. */
  readonly durability?: Durability | undefined
  /** Most lines that are kept while they cannot be written. Defaults to 10,000. */
  readonly maxBuffered?: number | undefined
  /** The mode of new files; other permissions of an existing file are removed. Defaults to `0o600`. */
  readonly mode?: number | undefined
}

/**
 * The state of the audit.
 *
 * @category models
 * @since 0.1.0
 */
export interface Status {
  /** Whether the latest attempt to write failed. */
  readonly isFailing: boolean
  /** Lines that this process has written. */
  readonly written: number
  /** Lines that are not yet written. */
  readonly buffered: number
  /** Lines that were dropped. */
  readonly dropped: number
  /** The current failure: its start in Unix milliseconds, and the error code of the system, such as `ENOSPC`. */
  readonly failure?: { readonly since: number; readonly reason: string }
}

/**
 * Writes a line to the audit file for every call that has ended.
 *
 * @category services
 * @since 0.1.0
 */
export class AuditLog extends Context.Service<
  AuditLog,
  {
    /** Records a call that has ended. It never fails. */
    readonly record: (call: CallRecord) => Effect.Effect<void>
    /** Writes pending lines now. */
    readonly flush: Effect.Effect<void>
    readonly status: Effect.Effect<Status>
    /**
     * Fails while the audit cannot be written, after one more attempt. For
     * programs that must not make a call without an audit:
     * `Effect.andThen(audit.check, kimi.chat(request))`.
     */
    readonly check: Effect.Effect<void, AuditUnavailableError>
    /**
     * The component `audit` of health: degraded with the path and the reason
     * while the file cannot be written, and with the number of dropped lines.
     * Pass it to the `healthChecks` of an `Observer`.
     */
    readonly healthCheck: HealthCheck
  }
>()("@kimi-effect/client/node/AuditLog") {}

/**
 * Opens the audit. Invalid options fail; a file that cannot be written does
 * not, and is shown in `status`. A disk that does not respond delays this by five
 * seconds, and counts as failing (`ETIMEDOUT`) until it responds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<AuditLog["Service"], ConfigurationError, Scope.Scope> =>
  Effect.flatMap(
    loadModule(() => import("./internal/makeAuditLog.ts")),
    ({ make }) => make(options)
  )

/**
 * An audit in a file, which is closed with the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<AuditLog, ConfigurationError> =>
  OptionRules.layerOf("AuditLog", options, (options) => Layer.effect(AuditLog, make(options)))
