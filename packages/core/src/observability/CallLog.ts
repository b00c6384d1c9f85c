/**
 * Logs a line for every call that has ended.
 *
 * **Details**
 *
 * - A call that succeeded or was interrupted is logged as `Info`, a failed one
 *   as `Warn` or `Error` by the column `logLevel` of `ErrorFacts`. A defect is
 *   an `Error`.
 * - Of successful calls, one in `sample` is logged, with the sampling rate in
 *   the line. Failures are always logged until they repeat.
 * - When failures with the same error at the same host and model exceed
 *   `repeatLimit`, one line at the end of the interval has the number of those
 *   that were suppressed.
 * - A line belongs to the trace of its call.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import * as Random from "effect/Random"
import * as References from "effect/References"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import type { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import { table } from "../errors/ErrorFacts.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import * as KimiConfig from "../KimiConfig.ts"
import * as CallFields from "./internal/logging/CallFields.ts"
import type { CallRecord } from "./CallRecord.ts"
import * as RepeatLimit from "./internal/logging/RepeatLimit.ts"
import { attributes as a, logAttributes as l, logs } from "./Telemetry.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** One in so many successful calls is logged, chosen at random. Defaults to 1, which logs all of them. */
  readonly sample?: number | undefined
  /** The level of successful calls. Defaults to `Info`. */
  readonly successLevel?: LogLevel.Severity | undefined
  /** How often the same failure is logged; `false` logs every one. */
  readonly repeatLimit?: RepeatLimit.Options | false | undefined
}

/**
 * The options that a configuration gives a log of calls.
 *
 * @category options
 * @since 0.1.0
 */
export const optionsFromConfig = (config: KimiConfig.Values): Options => ({ sample: config.callLogSample })

/**
 * Logs a call that has ended.
 *
 * @category models
 * @since 0.1.0
 */
export type CallLog = (record: CallRecord) => Effect.Effect<void>

/**
 * The log level of a call that did not succeed.
 *
 * @category getters
 * @since 0.1.0
 */
export const levelOf = ({ error, outcome }: Pick<CallRecord, "error" | "outcome">): LogLevel.Severity => {
  if (error === undefined) return outcome === "defect" ? "Error" : "Info"
  return table[error.tag].logLevel
}

const messageOf = ({ error, operation, outcome }: CallRecord): string => {
  if (outcome === "ok") return `${operation} succeeded`
  if (outcome === "interrupted") return `${operation} interrupted`
  return error === undefined ? `${operation} died with a defect` : `${operation} failed: ${error.tag}`
}

const repeatKeyOf = ({ outcome, provider, requestModel }: CallRecord): string =>
  JSON.stringify([outcome, provider, requestModel])

const severities: ReadonlyArray<LogLevel.Severity> = ["Fatal", "Error", "Warn", "Info", "Debug", "Trace"]

/** Logs in the span of the call, which has already ended. */
const logInCallSpan = (
  level: LogLevel.Severity,
  text: string,
  fields: CallFields.Fields,
  { spanId, traceId }: Pick<CallRecord, "spanId" | "traceId"> = {}
): Effect.Effect<void> =>
  // Annotations and span in one update of the context, because this runs for every call.
  Effect.updateContext(Effect.logWithLevel(level)(text), (context: Context.Context<never>) => {
    const annotations = { ...Context.get(context, References.CurrentLogAnnotations), ...fields }
    const annotated = Context.add(context, References.CurrentLogAnnotations, annotations)
    return traceId === undefined || spanId === undefined
      ? annotated
      : Context.add(annotated, Tracer.ParentSpan, Tracer.externalSpan({ traceId, spanId }))
  })

const logSuppressed = ({ count, last, since }: RepeatLimit.Suppressed<CallRecord>): Effect.Effect<void> =>
  logInCallSpan(levelOf(last), `${messageOf(last)}, ${count} more times`, {
    [l.eventName.name]: logs.suppressed.name,
    [a.operation.name]: last.operation,
    [a.outcome.name]: last.outcome,
    [a.errorType.name]: last.error?.tag ?? last.outcome,
    ...CallFields.hostFields(last),
    [a.requestModel.name]: last.requestModel,
    [l.suppressed.name]: count,
    [l.since.name]: Math.round(since) / 1_000
  })

/**
 * Makes a log of calls. When its scope closes, the counts of suppressed failures
 * are logged. Fails with a `ConfigurationError` for invalid options.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Effect.Effect<CallLog, ConfigurationError, Scope.Scope> =>
  Effect.gen(function* () {
    const { successLevel = "Info", repeatLimit = {}, sample = KimiConfig.defaults.callLogSample } = options
    yield* OptionRules.check("CallLog", [
      OptionRules.positiveInteger("sample", sample),
      OptionRules.oneOf("successLevel", successLevel, severities),
      ...(repeatLimit === false
        ? []
        : [
            [
              "repeatLimit.maxEvents",
              repeatLimit.maxEvents === undefined ||
                (Number.isSafeInteger(repeatLimit.maxEvents) && repeatLimit.maxEvents >= 0),
              "a whole number"
            ] as const,
            OptionRules.millisecondDuration("repeatLimit.interval", repeatLimit.interval),
            OptionRules.positiveInteger("repeatLimit.maxKeys", repeatLimit.maxKeys)
          ])
    ])
    const passes =
      repeatLimit === false
        ? () => Effect.succeed(true)
        : yield* RepeatLimit.make<CallRecord>(logSuppressed, repeatLimit)
    const isSampled = sample === 1 ? Effect.succeed(true) : Effect.map(Random.nextIntBetween(1, sample), (n) => n === 1)

    const isLogged = (record: CallRecord): Effect.Effect<boolean> => {
      if (record.outcome === "ok") return isSampled
      return record.outcome === "interrupted" ? Effect.succeed(true) : passes(repeatKeyOf(record), record)
    }

    const line = (record: CallRecord): Effect.Effect<void> => {
      const level = record.outcome === "ok" ? successLevel : levelOf(record)
      const write = Effect.suspend(() => {
        const fields = CallFields.fromRecord(record)
        const isSample = record.outcome === "ok" && sample > 1
        return logInCallSpan(
          level,
          messageOf(record),
          isSample ? { ...fields, [l.sample.name]: sample } : fields,
          record
        )
      })
      return Effect.flatMap(LogLevel.isEnabled(level), (isEnabled) => (isEnabled ? write : Effect.void))
    }

    return (record) => Effect.flatMap(isLogged(record), (isOne) => (isOne ? line(record) : Effect.void))
  })
