/**
 * The record of a call that has ended, and the attributes of its span.
 *
 * @since 0.1.0
 */
import type * as Exit from "effect/Exit"
import type { Values } from "../../../CallOptions.ts"
import type { ChatError, StreamError } from "../../../errors/OperationErrors.ts"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import * as Amount from "../../../money/internal/Amount.ts"
import type { CallRecord, StreamEnd } from "../../CallRecord.ts"
import { attributes as a } from "../../Telemetry.ts"
import type { ResponseMetadata } from "./ResponseMetadata.ts"
import * as CallOutcome from "./CallOutcome.ts"
import type { Observation } from "./Observation.ts"

type Mutable<A> = { -readonly [Name in keyof A]: A[Name] }

/**
 * The record of a call that has ended, without the ids of its span; unknown
 * members are omitted.
 *
 * @category constructors
 * @since 0.1.0
 */
export const recordOf = (
  observation: Observation,
  model: string,
  response: ResponseMetadata,
  exit: Exit.Exit<unknown, ChatError | StreamError>,
  { agent, job, priority, tenant }: Values,
  streamEnd: StreamEnd | undefined
): Mutable<CallRecord> => {
  const { clock, origin, cost, firstContentAt, isCostKnown, startedAt } = observation
  const outcome = CallOutcome.fromExit(exit)
  const error = outcome === "ok" ? undefined : CallOutcome.errorOf(exit)
  const record: Mutable<CallRecord> = {
    operation: observation.operation,
    startedAt: observation.startedAtUnix,
    duration: MonotonicClock.millisUnsafe(clock) - startedAt,
    provider: response.provider ?? origin.provider,
    account: origin.account,
    requestModel: model,
    outcome,
    isEstimate: observation.isEstimate,
    attempts: observation.attempts,
    retries: observation.retries,
    admissionWait: observation.admissionWait,
    tags: { tenant, job, agent },
    priority
  }
  addResponse(record, response, error)
  if (error !== undefined) record.error = CallOutcome.summaryOf(error)
  if (isCostKnown && cost !== undefined) record.cost = cost
  if (firstContentAt !== undefined) record.timeToFirstToken = firstContentAt - startedAt
  if (streamEnd !== undefined) record.streamEnd = streamEnd
  return record
}

/** Adds the metadata of the response; a failed call has the ids of its error. */
const addResponse = (
  record: Mutable<CallRecord>,
  response: ResponseMetadata,
  error: ChatError | StreamError | undefined
): void => {
  const requestId = response.requestId ?? error?.requestId
  const hostTraceId = response.traceId ?? error?.traceId
  const [finishReason] = response.finishReasons
  if (response.model !== undefined) record.responseModel = response.model
  if (finishReason !== undefined) record.finishReason = finishReason
  if (requestId !== undefined) record.requestId = requestId
  if (hostTraceId !== undefined) record.hostTraceId = hostTraceId
  if (response.usage !== undefined) record.usage = response.usage
  if (response.cached !== undefined) record.cached = response.cached.level
}

/**
 * Adds the ids of its span to a record, for those who read it. A span without a
 * tracer makes its ids when they are read, and most are not.
 *
 * @category combinators
 * @since 0.1.0
 */
export const addIds = (record: Mutable<CallRecord>, { spanId, traceId }: Observation["span"]): void => {
  record.traceId = traceId
  record.spanId = spanId
}

/**
 * Sets the attributes of the span of a call that has ended.
 *
 * @category combinators
 * @since 0.1.0
 */
export const annotateSpan = (
  { span }: Observation,
  record: CallRecord,
  { finishReasons, id }: ResponseMetadata
): void => {
  const set = (name: string, value: unknown) => {
    if (value !== undefined) span.attribute(name, value)
  }
  const { cost, usage } = record
  set(a.outcome.name, record.outcome)
  set(a.errorType.name, record.error?.tag)
  set(a.responseId.name, id)
  set(a.responseModel.name, record.responseModel)
  set(a.responseFinishReasons.name, finishReasons.length === 0 ? undefined : finishReasons)
  set(a.requestId.name, record.requestId)
  set(a.hostTraceId.name, record.hostTraceId)
  set(a.attempts.name, record.attempts)
  set(a.retries.name, record.retries)
  set(a.cacheLevel.name, record.cached)
  set(a.streamEnd.name, record.streamEnd)
  if (usage !== undefined) {
    set(a.usageInputTokens.name, usage.prompt_tokens)
    set(a.usageOutputTokens.name, usage.completion_tokens)
    set(a.usageCacheReadTokens.name, usage.cached_tokens)
    set(a.usageCacheWriteTokens.name, usage.cache_write_tokens)
    set(a.usageReasoningTokens.name, usage.reasoning_tokens)
  }
  if (cost === undefined) return
  set(a.cost.name, Amount.toNumber(cost.total))
  set(a.currency.name, cost.currency)
  set(a.isEstimate.name, record.isEstimate)
}
