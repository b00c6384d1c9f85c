/**
 * What an audit keeps of a call: who made it, when, of which model at which
 * host, how it ended and what it cost. Nothing that was asked or answered, and
 * no message of an error.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import type { CallRecord } from "../../CallRecord.ts"
import * as LogLine from "./LogLine.ts"
import * as LogText from "./LogText.ts"

const sanitizeText = LogText.make([])(256)

const sanitizeOptional = (text: string | undefined): string | undefined =>
  text === undefined || text === "" ? undefined : sanitizeText(text)

/**
 * One line for a call that has ended. `id` is the line's own: where a line was
 * written twice, because a process ended while it was being written, both have
 * the same one.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toLine = (id: string, record: CallRecord): string => {
  const { cost, tags, usage } = record
  return LogLine.toJson({
    event: "call",
    id,
    startedAt: new Date(record.startedAt).toISOString(),
    durationMs: Math.round(record.duration),
    tenant: sanitizeOptional(tags.tenant),
    job: sanitizeOptional(tags.job),
    agent: sanitizeOptional(tags.agent),
    operation: record.operation,
    provider: sanitizeText(record.provider),
    account: sanitizeText(record.account),
    model: sanitizeText(record.requestModel),
    responseModel: sanitizeOptional(record.responseModel),
    outcome: record.outcome,
    cached: record.cached,
    attempts: record.attempts,
    promptTokens: usage?.prompt_tokens,
    cachedTokens: usage?.cached_tokens,
    completionTokens: usage?.completion_tokens,
    reasoningTokens: usage?.reasoning_tokens,
    // Exact, which a number of JSON is not.
    cost: cost === undefined ? undefined : BigDecimal.format(cost.total),
    currency: cost?.currency,
    isEstimate: cost === undefined ? undefined : record.isEstimate,
    requestId: sanitizeOptional(record.requestId),
    hostTraceId: sanitizeOptional(record.hostTraceId),
    traceId: record.traceId
  })
}

/**
 * The line that stands in the place of lines that could not be kept.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toGapLine = (id: string, at: number, lost: number): string =>
  LogLine.toJson({ event: "gap", id, at: new Date(at).toISOString(), lost })
