/**
 * What a log says of a call that has ended, under the names that spans and
 * metrics have for it.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import type { CallRecord } from "./CallRecord.ts"
import { attributes as a, logAttributes as l, logs, providerNames } from "./Telemetry.ts"

/**
 * The members of a line, by their names.
 *
 * @category models
 * @since 0.1.0
 */
export type Fields = { readonly [name: string]: string | number | boolean | ReadonlyArray<string> | undefined }

const seconds = (millis: number | undefined): number | undefined =>
  millis === undefined ? undefined : Math.round(millis) / 1_000

const tokensOf = ({ usage }: CallRecord): Fields =>
  usage === undefined
    ? {}
    : {
        [a.usageInputTokens.name]: usage.prompt_tokens,
        [a.usageOutputTokens.name]: usage.completion_tokens,
        [a.usageCacheReadTokens.name]: usage.cached_tokens,
        [a.usageReasoningTokens.name]: usage.reasoning_tokens
      }

const costOf = ({ cost, isEstimate }: CallRecord): Fields =>
  cost === undefined
    ? {}
    : {
        [a.cost.name]: BigDecimal.toNumberUnsafe(cost.total),
        [a.currency.name]: cost.currency,
        [a.isEstimate.name]: isEstimate
      }

const errorOf = ({ error, outcome }: CallRecord): Fields =>
  error === undefined
    ? { [a.errorType.name]: outcome === "defect" ? outcome : undefined }
    : {
        [a.errorType.name]: error.tag,
        [l.errorCategory.name]: error.category,
        [l.errorSeverity.name]: error.severity,
        [l.errorMessage.name]: error.message
      }

/** Names that nobody gave are left out. */
const whoOf = ({ tags: { agent, job, tenant } }: CallRecord): Fields => ({
  [a.tenant.name]: tenant || undefined,
  [a.job.name]: job || undefined,
  [a.agent.name]: agent || undefined
})

/**
 * The host, as the conventions name it and as the library does.
 *
 * @category getters
 * @since 0.1.0
 */
export const hostOf = ({ provider }: Pick<CallRecord, "provider">): Fields => ({
  [a.providerName.name]: providerNames[provider] ?? provider,
  [a.host.name]: provider
})

/**
 * Everything that a line says of a call; what is not known is `undefined`.
 *
 * @category getters
 * @since 0.1.0
 */
export const of = (record: CallRecord): Fields => ({
  [l.eventName.name]: logs.call.name,
  [a.operation.name]: record.operation,
  [a.outcome.name]: record.outcome,
  ...hostOf(record),
  [a.account.name]: record.account,
  [a.requestModel.name]: record.requestModel,
  [a.responseModel.name]: record.responseModel,
  [a.responseFinishReasons.name]: record.finishReason === undefined ? undefined : [record.finishReason],
  [a.requestId.name]: record.requestId,
  [a.hostTraceId.name]: record.hostTraceId,
  [l.duration.name]: seconds(record.duration),
  [l.timeToFirstToken.name]: seconds(record.timeToFirstToken),
  [a.wait.name]: seconds(record.admissionWait),
  [a.attempts.name]: record.attempts,
  [a.retries.name]: record.retries,
  [a.cacheLevel.name]: record.cached,
  [a.streamEnd.name]: record.streamEnd,
  [a.priority.name]: record.priority,
  ...tokensOf(record),
  ...costOf(record),
  ...errorOf(record),
  ...whoOf(record)
})
