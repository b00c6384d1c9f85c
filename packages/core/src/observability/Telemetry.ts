/**
 * Every span, metric and attribute that the library emits, with its unit and
 * description. Data only.
 *
 * Names follow OpenTelemetry's semantic conventions for generative AI where
 * they exist (`@opentelemetry/semantic-conventions` 1.45, incubating) and are
 * `kimi.*` elsewhere. The reference in `docs/telemetry.md` is generated from
 * this file.
 *
 * @since 0.1.0
 */
import * as ClientSpans from "./internal/ClientSpans.ts"
import { swarmSpanEvents, swarmSpans } from "./internal/SwarmTelemetry.ts"
import { type Attribute, attributes as a } from "./internal/TelemetryAttributes.ts"

export { providerNames } from "./internal/ClientSpans.ts"
export { type Attribute, attributes } from "./internal/TelemetryAttributes.ts"
export { type LogEvent, logAttributes, logEvents as logs } from "./internal/TelemetryLogs.ts"
export { type Metric, metrics } from "./internal/TelemetryMetrics.ts"

/**
 * An event of a span.
 *
 * @category models
 * @since 0.1.0
 */
export interface SpanEvent {
  readonly name: string
  readonly description: string
  readonly attributes: ReadonlyArray<Attribute>
}

/**
 * The events on the spans of calls, and on those of swarms.
 *
 * @category constants
 * @since 0.1.0
 */
export const spanEvents = {
  admissionWait: {
    name: "kimi.admission.wait",
    description: "An attempt that had to wait for admission was admitted or gave up",
    attributes: [a.wait, a.outcome]
  },
  retry: { name: "kimi.retry", description: "A retry starts", attributes: [a.errorType] },
  breakerRejected: {
    name: "kimi.breaker.rejected",
    description: "A circuit rejected an attempt",
    attributes: [a.circuit, a.circuitState]
  },
  cacheHit: {
    name: "kimi.cache.hit",
    description: "The response came from the cache",
    attributes: [a.cacheLevel, a.cacheAge]
  },
  firstToken: {
    name: "kimi.first_token",
    description: "The first content of a stream arrived; on the span of the call and of the attempt",
    attributes: []
  },
  ...swarmSpanEvents
} as const satisfies Record<string, SpanEvent>

/**
 * @category models
 * @since 0.1.0
 */
export interface Span {
  /** A name in braces is replaced by the value of that attribute. */
  readonly name: string
  readonly kind: "client" | "internal"
  readonly description: string
  readonly attributes: ReadonlyArray<Attribute>
  readonly events: ReadonlyArray<SpanEvent>
}

/**
 * Every span.
 *
 * @category constants
 * @since 0.1.0
 */
export const spans = {
  call: {
    name: "chat {gen_ai.request.model}",
    kind: "client",
    description:
      "A call of `chat` or `stream` with all of its attempts. The span of a stream lasts until the stream ends",
    attributes: [
      a.operationName,
      a.operation,
      a.providerName,
      a.host,
      a.account,
      a.serverAddress,
      a.serverPort,
      a.requestModel,
      a.requestStream,
      a.requestMaxTokens,
      a.requestTemperature,
      a.requestTopP,
      a.requestFrequencyPenalty,
      a.requestPresencePenalty,
      a.requestChoiceCount,
      a.outputType,
      a.priority,
      a.callTimeout,
      a.callMaxAttempts,
      a.tenant,
      a.job,
      a.agent,
      a.outcome,
      a.errorType,
      a.responseId,
      a.responseModel,
      a.responseFinishReasons,
      a.usageInputTokens,
      a.usageOutputTokens,
      a.usageCacheReadTokens,
      a.usageCacheWriteTokens,
      a.usageReasoningTokens,
      a.requestId,
      a.hostTraceId,
      a.attempts,
      a.retries,
      a.cacheLevel,
      a.streamEnd,
      a.cost,
      a.currency,
      a.isEstimate,
      a.inputMessages,
      a.outputMessages
    ],
    events: [
      spanEvents.admissionWait,
      spanEvents.retry,
      spanEvents.breakerRejected,
      spanEvents.cacheHit,
      spanEvents.firstToken
    ]
  },
  attempt: {
    name: "kimi.attempt",
    kind: "internal",
    description: "A single request to a host",
    attributes: [
      a.providerName,
      a.host,
      a.account,
      a.requestModel,
      a.attemptNumber,
      a.outcome,
      a.errorType,
      a.responseTimeToFirstChunk,
      a.streamEnd
    ],
    events: [spanEvents.firstToken]
  },
  stage: {
    name: "kimi.stage",
    kind: "internal",
    description: "One call in a stage that a user inserted or replaced, with everything inside it",
    attributes: [a.stageName, a.outcome],
    events: []
  },
  models: {
    name: ClientSpans.names.models,
    kind: "client",
    description: "A call of `models`",
    attributes: [a.providerName],
    events: []
  },
  estimateTokens: {
    name: ClientSpans.names.estimateTokens,
    kind: "client",
    description: "A call of `estimateTokens`",
    attributes: [a.providerName],
    events: []
  },
  balance: {
    name: ClientSpans.names.balance,
    kind: "client",
    description: "A call of `balance`",
    attributes: [a.providerName],
    events: []
  },
  health: {
    name: ClientSpans.names.health,
    kind: "client",
    description: "A read of the client's health, cached or not",
    attributes: [a.providerName],
    events: []
  },
  ...swarmSpans
} as const satisfies Record<string, Span>

/**
 * The value that replaces those of an unbounded attribute beyond its limit.
 *
 * @category constants
 * @since 0.1.0
 */
export const overflowValue = "other"
