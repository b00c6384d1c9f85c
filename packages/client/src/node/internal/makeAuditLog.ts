/** Makes an audit log. It is loaded by the first one. */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { toLine } from "@kimi-effect/core/internal/AuditRecord"
import type { CheckResult } from "@kimi-effect/core/Health"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { AuditLog, Durability, Options, Status } from "../AuditLog.ts"
import { AuditUnavailableError } from "./AuditUnavailableError.ts"
import * as AuditWriter from "./AuditWriter.ts"
import * as FileFailure from "./FileFailure.ts"

const toCheckResult = (path: string, { buffered, dropped, failure, written }: Status): CheckResult => {
  const details = { path, written, buffered, dropped }
  if (failure === undefined) {
    return { status: "healthy", code: "Ok", message: "The audit log can be written.", details }
  }
  return {
    status: "degraded",
    code: "AuditUnavailable",
    message: "The audit log cannot be written; calls continue.",
    details: { ...details, reason: FileFailure.describe(failure.reason), since: failure.since }
  }
}

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
  ["path", typeof path === "string" && path.trim() !== "" && !path.includes("\0"), "the path of a file"],
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
      record: (call) => Effect.withFiber(({ context }) => writer.add(toLine(crypto.randomUUID(), call), context)),
      flush: writer.flush,
      status,
      healthCheck: {
        name: "audit",
        role: "supporting",
        check: Effect.map(status, (current) => toCheckResult(path, current))
      },
      check: Effect.gen(function* () {
        if ((yield* failure) === undefined) return
        yield* writer.flush
        const found = yield* failure
        if (found !== undefined) return yield* new AuditUnavailableError(found)
      })
    }
  })
