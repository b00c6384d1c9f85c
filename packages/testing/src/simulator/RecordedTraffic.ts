/**
 * The traffic of a real day: the times, models and sizes of calls that were
 * made, without their content.
 *
 * @since 0.1.0
 */
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Effect from "effect/Effect"
import { AuditReader } from "../internal/simulator/AuditReader.ts"

/**
 * One call that was made.
 *
 * @category models
 * @since 0.1.0
 */
export interface RecordedCall {
  /** Unix milliseconds. */
  readonly startedAt: number
  readonly isStream: boolean
  readonly model: string
  readonly promptTokens: number
  /** Length of the response in tokens. */
  readonly outputTokens: number
  /** Calls of one model and tenant with the same name have equal prompts, which only matters to a cache. Absent for a unique prompt. */
  readonly prompt?: string | undefined
  readonly tenant?: string | undefined
  readonly job?: string | undefined
  readonly agent?: string | undefined
}

/**
 * What a log contains in addition to usable calls.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ignored {
  /** Lines that are not those of an audit log, such as one that was cut short by a full disk. */
  readonly damaged: number
  /** Lines that repeat one with the same id. */
  readonly repeated: number
  /** Calls that the log reports as dropped. */
  readonly dropped: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface RecordedTraffic {
  /** In the order of their start. At least one. */
  readonly calls: ReadonlyArray<RecordedCall>
  /** Calls without usage, because they failed. Their sizes are the medians of their model. */
  readonly unsized: number
  readonly ignored: Ignored
}

/**
 * Reads the lines of an audit log (`AuditLog` of `@kimi-effect/client/node`).
 *
 * **Details**
 *
 * - The prompt of a call that was answered from a cache equals that of the calls
 *   with the same model, tenant and usage. All other prompts are unique.
 * - A call that failed has no usage: its sizes are the medians of its model, or
 *   of all calls if its model has none.
 * - Damaged and repeated lines are ignored and counted. Without any call, or
 *   without any usage, it fails with a `ConfigurationError`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromAudit = (lines: Iterable<string>): Effect.Effect<RecordedTraffic, ConfigurationError> =>
  Effect.suspend(() => {
    const reader = new AuditReader()
    for (const line of lines) reader.add(line)
    return reader.traffic
  })

const isCount = (value: number): boolean => Number.isInteger(value) && value >= 0

const isValid = ({ model, outputTokens, promptTokens, startedAt }: RecordedCall): boolean =>
  Number.isFinite(startedAt) && model !== "" && isCount(promptTokens) && isCount(outputTokens)

/**
 * Traffic from calls of any other source, such as a cassette or the logs of a
 * gateway. Fails with a `ConfigurationError` that lists all invalid calls.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromCalls = (calls: ReadonlyArray<RecordedCall>): Effect.Effect<RecordedTraffic, ConfigurationError> =>
  Effect.suspend(() => {
    const issues = calls.flatMap((call, index) =>
      isValid(call)
        ? []
        : [{ name: `calls[${index}]`, expected: "a time, the name of a model, and whole numbers of tokens" }]
    )
    if (calls.length === 0) issues.push({ name: "calls", expected: "at least one call" })
    if (issues.length > 0) return Effect.fail(ConfigurationError.of(issues))
    return Effect.succeed({
      calls: calls.toSorted((a, b) => a.startedAt - b.startedAt),
      unsized: 0,
      ignored: { damaged: 0, repeated: 0, dropped: 0 }
    })
  })
