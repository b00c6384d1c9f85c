/**
 * What a log says of a call that has ended, under the names that spans and
 * metrics have for it.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import type { CallRecord } from "./CallRecord.ts"

/**
 * The events of the log that tell of calls.
 *
 * @category constants
 * @since 0.1.0
 */
export const events = {
  /** A call has ended. */
  call: "kimi.call",
  /** Failures like one that was written were not, because there were too many. */
  suppressed: "kimi.call.suppressed"
} as const

/**
 * The members of a line, by their names.
 *
 * @category models
 * @since 0.1.0
 */
export type Fields = { readonly [name: string]: string | number | boolean | undefined }

const seconds = (millis: number | undefined): number | undefined =>
  millis === undefined ? undefined : Math.round(millis) / 1_000

const tokensOf = ({ usage }: CallRecord): Fields =>
  usage === undefined
    ? {}
    : {
        "gen_ai.usage.input_tokens": usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage.completion_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens
      }

const costOf = ({ cost, isEstimate }: CallRecord): Fields =>
  cost === undefined
    ? {}
    : {
        "kimi.cost": BigDecimal.toNumberUnsafe(cost.total),
        "kimi.currency": cost.currency,
        "kimi.estimated": isEstimate
      }

const errorOf = ({ error, outcome }: CallRecord): Fields =>
  error === undefined
    ? { "error.type": outcome === "defect" ? outcome : undefined }
    : {
        "error.type": error.tag,
        "kimi.error.category": error.category,
        "kimi.error.severity": error.severity,
        "kimi.error.message": error.message
      }

/** Names that nobody gave are left out. */
const whoOf = ({ tags: { agent, job, tenant } }: CallRecord): Fields => ({
  "kimi.tenant": tenant || undefined,
  "kimi.job": job || undefined,
  "kimi.agent": agent || undefined
})

/**
 * Everything that a line says of a call; what is not known is `undefined`.
 *
 * @category getters
 * @since 0.1.0
 */
export const of = (record: CallRecord): Fields => ({
  "event.name": events.call,
  "kimi.operation": record.operation,
  "kimi.outcome": record.outcome,
  "kimi.host": record.provider,
  "kimi.account": record.account,
  "gen_ai.request.model": record.requestModel,
  "gen_ai.response.model": record.responseModel,
  "gen_ai.response.finish_reasons": record.finishReason,
  "kimi.request_id": record.requestId,
  "kimi.host_trace_id": record.hostTraceId,
  "kimi.duration": seconds(record.duration),
  "kimi.time_to_first_token": seconds(record.timeToFirstToken),
  "kimi.wait": seconds(record.admissionWait),
  "kimi.attempts": record.attempts,
  "kimi.retries": record.retries,
  "kimi.cache.level": record.cached,
  "kimi.stream.end": record.streamEnd,
  "kimi.priority": record.priority,
  ...tokensOf(record),
  ...costOf(record),
  ...errorOf(record),
  ...whoOf(record)
})
