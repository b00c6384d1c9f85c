/**
 * The log fields of a call that has ended, named as on spans and metrics.
 *
 * @since 0.1.0
 */
import * as Amount from "../../../money/internal/Amount.ts"
import type { CallRecord } from "../../CallRecord.ts"
import { attributes as a, logAttributes as l, logs, providerNames } from "../../Telemetry.ts"

/**
 * The fields of a line, by name.
 *
 * @category models
 * @since 0.1.0
 */
export type Fields = { readonly [name: string]: FieldValue }

type FieldValue = string | number | boolean | ReadonlyArray<string>

/** Collects fields and omits those without a value. */
class FieldsBuilder {
  readonly fields: { [name: string]: FieldValue } = {}

  add({ name }: { readonly name: string }, value: FieldValue | undefined): this {
    if (value !== undefined) this.fields[name] = value
    return this
  }
}

const toSeconds = (millis: number | undefined): number | undefined =>
  millis === undefined ? undefined : Math.round(millis) / 1_000

/**
 * The host, by its name in the conventions and its provider id.
 *
 * @category getters
 * @since 0.1.0
 */
export const hostFields = ({ provider }: Pick<CallRecord, "provider">): Fields => ({
  [a.providerName.name]: providerNames[provider] ?? provider,
  [a.host.name]: provider
})

const addCost = (members: FieldsBuilder, { cost, isEstimate, usage }: CallRecord): void => {
  if (usage !== undefined) {
    members
      .add(a.usageInputTokens, usage.prompt_tokens)
      .add(a.usageOutputTokens, usage.completion_tokens)
      .add(a.usageCacheReadTokens, usage.cached_tokens)
      .add(a.usageReasoningTokens, usage.reasoning_tokens)
  }
  if (cost !== undefined) {
    members.add(a.cost, Amount.toNumber(cost.total)).add(a.currency, cost.currency).add(a.isEstimate, isEstimate)
  }
}

const addError = (members: FieldsBuilder, { error, outcome }: CallRecord): void => {
  if (error !== undefined) {
    members
      .add(a.errorType, error.tag)
      .add(l.errorCategory, error.category)
      .add(l.errorSeverity, error.severity)
      .add(l.errorMessage, error.message)
      .add(l.errorHint, error.hint)
  } else if (outcome === "defect") members.add(a.errorType, outcome)
}

/**
 * All fields of a call; unknown ones are omitted.
 *
 * @category getters
 * @since 0.1.0
 */
export const fromRecord = (record: CallRecord): Fields => {
  const { finishReason, provider, tags } = record
  const members = new FieldsBuilder()
    .add(l.eventName, logs.call.name)
    .add(a.operation, record.operation)
    .add(a.outcome, record.outcome)
    .add(a.providerName, providerNames[provider] ?? provider)
    .add(a.host, provider)
    .add(a.account, record.account)
    .add(a.requestModel, record.requestModel)
    .add(a.responseModel, record.responseModel)
    .add(a.responseFinishReasons, finishReason === undefined ? undefined : [finishReason])
    .add(a.requestId, record.requestId)
    .add(a.hostTraceId, record.hostTraceId)
    .add(l.duration, toSeconds(record.duration))
    .add(l.timeToFirstToken, toSeconds(record.timeToFirstToken))
    .add(a.wait, toSeconds(record.admissionWait))
    .add(a.attempts, record.attempts)
    .add(a.retries, record.retries)
    .add(a.cacheLevel, record.cached)
    .add(a.streamEnd, record.streamEnd)
    .add(a.priority, record.priority)
  addCost(members, record)
  addError(members, record)
  // Empty tags were not given.
  members
    .add(a.tenant, tags.tenant || undefined)
    .add(a.job, tags.job || undefined)
    .add(a.agent, tags.agent || undefined)
  return members.fields
}
