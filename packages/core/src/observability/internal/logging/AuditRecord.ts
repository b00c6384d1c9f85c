/**
 * The audit line of a call: who made it, when, the model and host, its outcome
 * and its cost. It holds no content of prompts or responses and no error
 * messages.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import type { CallRecord } from "../../CallRecord.ts"
import * as LogLine from "./LogLine.ts"
import * as LogText from "./LogText.ts"

const sanitizeText = LogText.make([])(256)

const sanitizeName = LogText.memoizeNames(sanitizeText)

const sanitizeOptional = (text: string | undefined): string | undefined =>
  text === undefined || text === "" ? undefined : sanitizeText(text)

const sanitizeOptionalName = (text: string | undefined): string | undefined =>
  text === undefined || text === "" ? undefined : sanitizeName(text)

/**
 * The line of a call that has ended. `id` identifies the line: if a process ends
 * while it writes and the line is written again, both copies have the same id.
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
    tenant: sanitizeOptionalName(tags.tenant),
    job: sanitizeOptionalName(tags.job),
    agent: sanitizeOptionalName(tags.agent),
    operation: record.operation,
    provider: sanitizeName(record.provider),
    account: sanitizeName(record.account),
    model: sanitizeName(record.requestModel),
    responseModel: sanitizeOptionalName(record.responseModel),
    outcome: record.outcome,
    cached: record.cached,
    attempts: record.attempts,
    promptTokens: usage?.prompt_tokens,
    cachedTokens: usage?.cached_tokens,
    completionTokens: usage?.completion_tokens,
    reasoningTokens: usage?.reasoning_tokens,
    // As text, since a JSON number is not exact.
    cost: cost === undefined ? undefined : BigDecimal.format(cost.total),
    currency: cost?.currency,
    isEstimate: cost === undefined ? undefined : record.isEstimate,
    requestId: sanitizeOptional(record.requestId),
    hostTraceId: sanitizeOptional(record.hostTraceId),
    traceId: record.traceId
  })
}

/**
 * The line that replaces lines that were dropped.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toGapLine = (id: string, at: number, dropped: number): string =>
  LogLine.toJson({ event: "gap", id, at: new Date(at).toISOString(), dropped })
