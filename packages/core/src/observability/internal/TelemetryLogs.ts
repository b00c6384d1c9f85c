/**
 * Every event of the log, and the attributes that only log lines have. Data only.
 *
 * @since 0.1.0
 */
import { type Attribute, attributes as a, boundedAttribute } from "./TelemetryAttributes.ts"

/**
 * Attributes of log lines that are on no span and no metric.
 *
 * @category constants
 * @since 0.1.0
 */
export const logAttributes = {
  eventName: boundedAttribute("event.name", "string", "The name of the event"),
  duration: boundedAttribute(
    "kimi.duration",
    "double",
    "Seconds from the call to its end; for a stream, to its last event"
  ),
  timeToFirstToken: boundedAttribute(
    "kimi.time_to_first_token",
    "double",
    "Seconds from the call to its first content"
  ),
  errorCategory: boundedAttribute("kimi.error.category", "string", "The category of the error"),
  errorSeverity: boundedAttribute("kimi.error.severity", "string", "`info`, `warning`, `error` or `critical`"),
  errorMessage: boundedAttribute(
    "kimi.error.message",
    "string",
    "The error in one sentence, without content of prompts or responses"
  ),
  errorHint: boundedAttribute("kimi.error.hint", "string", "What to change, in one sentence"),
  sample: boundedAttribute("kimi.log.sample", "int", "The number of successful calls that the line stands for"),
  suppressed: boundedAttribute("kimi.log.suppressed", "int", "Failures that were not logged"),
  prefixCacheMessage: boundedAttribute("kimi.prefix_cache.message", "int", "The position of the message that changed"),
  prefixCacheLostTokens: boundedAttribute(
    "kimi.prefix_cache.lost_tokens",
    "int",
    "Tokens that the host could have read from its cache"
  ),
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
      l.errorHint,
      a.tenant,
      a.job,
      a.agent,
      l.sample
    ]
  },
  suppressed: {
    name: "kimi.call.suppressed",
    description: "Repeated failures that were not logged individually",
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
  },
  prefixCacheBreak: {
    name: "kimi.prefix_cache.break",
    description: "The host could have read more of a prompt from its prefix cache; only with `PrefixCache`",
    attributes: [
      l.eventName,
      a.providerName,
      a.host,
      a.account,
      a.requestModel,
      a.tenant,
      a.prefixCacheReason,
      l.prefixCacheMessage,
      a.usageInputTokens,
      a.usageCacheReadTokens,
      l.prefixCacheLostTokens,
      a.cost,
      a.currency
    ]
  }
} as const satisfies Record<string, LogEvent>
