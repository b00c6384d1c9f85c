/**
 * What the log says of calls: every event and what only logs say. Data only.
 *
 * @since 0.1.0
 */
import { type Attribute, attributes as a, boundedAttribute } from "./TelemetryAttributes.ts"

/**
 * Members of lines that are on no span and no metric.
 *
 * @category constants
 * @since 0.1.0
 */
export const logAttributes = {
  eventName: boundedAttribute("event.name", "string", "The event of the log"),
  duration: boundedAttribute(
    "kimi.duration",
    "double",
    "Seconds from the call to its end; of a stream, to its last event"
  ),
  timeToFirstToken: boundedAttribute(
    "kimi.time_to_first_token",
    "double",
    "Seconds from the call to its first content"
  ),
  errorCategory: boundedAttribute("kimi.error.category", "string", "The family of the error"),
  errorSeverity: boundedAttribute("kimi.error.severity", "string", "`info`, `warning`, `error` or `critical`"),
  errorMessage: boundedAttribute("kimi.error.message", "string", "What happened, in one sentence without content"),
  sample: boundedAttribute("kimi.log.sample", "int", "The line stands for so many answered calls"),
  suppressed: boundedAttribute("kimi.log.suppressed", "int", "Failures that were not written"),
  since: boundedAttribute("kimi.log.since", "double", "Seconds since the first failure of this kind")
} as const satisfies Record<string, Attribute>

/**
 * @category models
 * @since 0.1.0
 */
export interface LogEvent {
  readonly name: string
  readonly description: string
  readonly attributes: ReadonlyArray<Attribute>
}

const l = logAttributes

/**
 * The events of the log.
 *
 * @category constants
 * @since 0.1.0
 */
export const logEvents = {
  call: {
    name: "kimi.call",
    description: "A call has ended",
    attributes: [
      l.eventName,
      a.operation,
      a.outcome,
      a.providerName,
      a.host,
      a.account,
      a.requestModel,
      a.responseModel,
      a.responseFinishReasons,
      a.requestId,
      a.hostTraceId,
      l.duration,
      l.timeToFirstToken,
      a.wait,
      a.attempts,
      a.retries,
      a.cacheLevel,
      a.streamEnd,
      a.priority,
      a.usageInputTokens,
      a.usageOutputTokens,
      a.usageCacheReadTokens,
      a.usageReasoningTokens,
      a.cost,
      a.currency,
      a.isEstimate,
      a.errorType,
      l.errorCategory,
      l.errorSeverity,
      l.errorMessage,
      a.tenant,
      a.job,
      a.agent,
      l.sample
    ]
  },
  suppressed: {
    name: "kimi.call.suppressed",
    description: "More calls failed in the same way than were written",
    attributes: [
      l.eventName,
      a.operation,
      a.outcome,
      a.errorType,
      a.providerName,
      a.host,
      a.requestModel,
      l.suppressed,
      l.since
    ]
  }
} as const satisfies Record<string, LogEvent>
