/**
 * An audit of calls in a file: a line of JSON for every call that has ended,
 * with who made it, when, of which model, how it ended and what it cost, and
 * nothing that was asked or answered.
 *
 * `record` is given to whoever tells of calls; nothing else of the client
 * changes:
 *
 * ```ts
 * const audit = yield* AuditLog
 * yield* audit.record(call)
 * ```
 *
 * **Details**
 *
 * - The file is set aside when it is large or its day (in UTC) is over, and so
 *   many are kept. Files are readable for their owner only. Several processes
 *   may write the same file.
 * - How much a process that is killed can lose is chosen by `durability`. A
 *   scope that closes and a process that ends by itself write what is left.
 * - While the file cannot be written, calls go on: lines are kept up to a bound
 *   and written later, and a line tells how many could not be kept. A warning
 *   says so once, and `status` always. A program that must not make calls
 *   without an audit asks `check` before each: by the time a call is recorded
 *   it is paid for, and to hold its answer back would help nobody.
 * - It is written here and not by a package, because those that rotate files
 *   know one process, wait by timers of their own and lose lines when they
 *   rotate during an error.
 *
 * **Gotchas**
 *
 * - The lines of several processes stand whole beside each other on local file
 *   systems; on NFS, give each process a path of its own.
 * - A line may be there twice, with the same `id`, when a process ended while
 *   it was written. A line that a killed process or a full disk has cut short
 *   is no JSON and stands alone, and an empty line may follow it.
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { toLine } from "@kimi-effect/core/internal/AuditRecord"
import type { CallRecord } from "@kimi-effect/core/CallRecord"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as AuditWriter from "./internal/AuditWriter.ts"

/**
 * When a recorded call is safe.
 *
 * - `batched`: within 200 milliseconds; what was gathered by then is lost when
 *   the process is killed.
 * - `written`: when `record` is over; lost only when the machine goes down.
 * - `synced`: when `record` is over; the disk has it.
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
  /** Path of the file, whose folder is created when it is missing. */
  readonly path: string
  /** A file of this size is set aside. Defaults to 64 MiB, at least 4 KiB. */
  readonly maxBytes?: number | undefined
  /** Files that are kept beside the current one, the newest. Defaults to 30. */
  readonly maxFiles?: number | undefined
  /** Whether a file is set aside when its day is over. Defaults to `true`. */
  readonly daily?: boolean | undefined
  /** Defaults to `batched`. */
  readonly durability?: Durability | undefined
  /** Lines that are kept while they cannot be written. Defaults to 10,000. */
  readonly maxBuffered?: number | undefined
  /** The mode of new files. Defaults to `0o600`. */
  readonly mode?: number | undefined
}

/**
 * How the audit stands.
 *
 * @category models
 * @since 0.1.0
 */
export interface Status {
  /** Whether the latest try to write failed. */
  readonly isFailing: boolean
  /** Lines in the file, by this process. */
  readonly written: number
  /** Lines that are kept and not written yet. */
  readonly buffered: number
  /** Lines that could not be kept. */
  readonly dropped: number
  /** Since when the file cannot be written (Unix milliseconds), and the system's code for it, such as `ENOSPC`. */
  readonly failure?: { readonly since: number; readonly reason: string }
}

/**
 * The audit cannot be written, so a call that needs it was not made.
 *
 * @category errors
 * @since 0.1.0
 */
export class AuditUnavailableError extends Schema.TaggedError<AuditUnavailableError>(
  "@kimi-effect/client/AuditUnavailableError"
)("AuditUnavailableError", {
  /** The system's code, such as `ENOSPC`. */
  reason: Schema.String,
  /** Unix milliseconds. */
  since: Schema.Finite
}) {
  override get message(): string {
    return `The audit log cannot be written (${this.reason})`
  }
}

/**
 * @category services
 * @since 0.1.0
 */
export class AuditLog extends Context.Service<
  AuditLog,
  {
    /** Writes down a call that has ended. It never fails. */
    readonly record: (call: CallRecord) => Effect.Effect<void>
    /** Writes what is kept, now. */
    readonly flush: Effect.Effect<void>
    readonly status: Effect.Effect<Status>
    /**
     * Fails while the audit cannot be written, after one more try. For programs
     * that make no call without an audit: `Effect.andThen(audit.check, kimi.chat(request))`.
     */
    readonly check: Effect.Effect<void, AuditUnavailableError>
  }
>()("@kimi-effect/client/node/AuditLog") {}

const minBytes = 4_096
const ownerWriteBit = 0o200

const rulesOf = ({
  daily,
  durability,
  maxBuffered,
  maxBytes,
  maxFiles,
  mode,
  path
}: Options): ReadonlyArray<OptionRules.Rule> => [
  ["path", typeof path === "string" && path !== "" && !path.includes("\0"), "the path of a file"],
  OptionRules.bytes("maxBytes", maxBytes, minBytes),
  OptionRules.positiveInteger("maxFiles", maxFiles),
  ["daily", daily === undefined || typeof daily === "boolean", "true or false"],
  OptionRules.oneOf("durability", durability, ["batched", "written", "synced"] satisfies ReadonlyArray<Durability>),
  OptionRules.positiveInteger("maxBuffered", maxBuffered),
  [
    "mode",
    mode === undefined || (Number.isInteger(mode) && (mode & ownerWriteBit) !== 0 && mode >= 0 && mode <= 0o777),
    "a mode that lets its owner write, such as 0o600"
  ]
]

/**
 * Opens the audit. Options that cannot be used fail; a file that cannot be
 * written does not, and is seen in `status`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<AuditLog["Service"], ConfigurationError, Scope.Scope> =>
  Effect.gen(function* () {
    yield* OptionRules.check("AuditLog", rulesOf(options))
    const { durability = "batched", path } = options
    const writer = yield* AuditWriter.make({
      path,
      maxBytes: options.maxBytes ?? 64 * 1024 * 1024,
      maxFiles: options.maxFiles ?? 30,
      isDaily: options.daily ?? true,
      mode: options.mode ?? 0o600,
      isSynced: durability === "synced",
      isAwaited: durability !== "batched",
      batchDelay: durability === "batched" ? Duration.millis(200) : Duration.zero,
      maxBuffered: options.maxBuffered ?? 10_000
    })
    const status = Effect.sync((): Status => {
      const current = writer.status()
      return { ...current, isFailing: current.failure !== undefined }
    })
    const failure = Effect.map(status, (current) => current.failure)
    return {
      record: (call) => Effect.suspend(() => writer.add(toLine(crypto.randomUUID(), call))),
      flush: writer.flush,
      status,
      check: Effect.gen(function* () {
        if ((yield* failure) === undefined) return
        yield* writer.flush
        const found = yield* failure
        if (found !== undefined) return yield* new AuditUnavailableError(found)
      })
    }
  })

/**
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<AuditLog, ConfigurationError> =>
  Layer.effect(AuditLog, make(options))
