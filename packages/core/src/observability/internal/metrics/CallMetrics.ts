/**
 * Records calls, attempts and usage in the metrics.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import type { AttemptUsage } from "../../../money/Accounting.ts"
import * as Amount from "../../../money/internal/Amount.ts"
import type { Tags } from "../../../money/internal/BudgetCaps.ts"
import type { Cost } from "../../../money/Cost.ts"
import type { Call } from "../../../pipeline/Call.ts"
import type { CallRecord, Operation, Outcome, StreamEnd } from "../../CallRecord.ts"
import type { Instruments } from "./Instruments.ts"
import { RecentSamples } from "./RecentSamples.ts"
import { metrics, providerNames } from "../../Telemetry.ts"

/** The conventions have one operation for chats and streams. */
const operationName = "chat"

/**
 * The name of a host in the conventions.
 *
 * @category getters
 * @since 0.1.0
 */
export const providerName = (host: string): string => providerNames[host] ?? host

const noTags: Tags = { tenant: "", job: "", agent: "" }

/** The target and the operation of an attempt. */
interface AttemptLabels extends Pick<Call, "account" | "provider"> {
  readonly model: string
  readonly operation: Operation
}

/**
 * How an attempt ended.
 *
 * @category models
 * @since 0.1.0
 */
export interface AttemptEnd {
  readonly outcome: Outcome
  /** Streams only. */
  readonly streamEnd?: StreamEnd | undefined
  /** Tokens per second, from the first content to the end. */
  readonly outputRate?: number | undefined
}

const increment = (counts: Map<string, number>, name: string): void =>
  void counts.set(name, (counts.get(name) ?? 0) + 1)

/**
 * The metrics of calls, and the totals that snapshots need.
 *
 * @category models
 * @since 0.1.0
 */
export class CallMetrics {
  readonly #instruments: Instruments
  readonly requests = new Map<string, number>()
  readonly streamEnds = new Map<string, number>()
  /** Attempts by account and outcome. */
  readonly attempts = new Map<string, Map<string, number>>()
  retries = 0
  readonly duration = new RecentSamples()
  readonly timeToFirstToken = new RecentSamples()
  readonly outputRate = new RecentSamples()
  readonly admissionWait = new RecentSamples()

  constructor(instruments: Instruments) {
    this.#instruments = instruments
  }

  /** Records a call that has ended. */
  recordCall(record: CallRecord, hasCache: boolean): void {
    const { duration, error, operation, outcome, provider, requestModel, responseModel, timeToFirstToken } = record
    const name = providerName(provider)
    increment(this.requests, outcome)
    if (outcome === "ok") this.duration.add(duration)
    if (timeToFirstToken !== undefined) this.timeToFirstToken.add(timeToFirstToken)
    const instruments = this.#instruments
    instruments.update(metrics.requests, 1, [operation, name, provider, requestModel, outcome])
    instruments.update(metrics.operationDuration, duration / 1000, [
      operationName,
      name,
      provider,
      requestModel,
      responseModel,
      error?.tag ?? (outcome === "ok" ? undefined : outcome)
    ])
    if (hasCache && outcome === "ok") instruments.update(metrics.cacheRequests, 1, [record.cached ?? "none"])
  }

  /** Records an attempt that has ended. */
  recordAttempt(
    { account, model, operation, provider }: AttemptLabels,
    { outcome, outputRate, streamEnd }: AttemptEnd
  ): void {
    const name = providerName(provider)
    const outcomes = this.attempts.get(account) ?? new Map<string, number>()
    this.attempts.set(account, outcomes)
    increment(outcomes, outcome)
    this.#instruments.update(metrics.attempts, 1, [operation, name, provider, model, outcome])
    if (streamEnd === undefined) return
    increment(this.streamEnds, streamEnd)
    this.#instruments.update(metrics.streamEnds, 1, [name, provider, model, streamEnd])
    if (outputRate === undefined) return
    this.outputRate.add(outputRate)
    this.#instruments.update(metrics.outputRate, outputRate, [name, provider, model])
  }

  /** Records the time to the first content of a streamed attempt, in milliseconds. */
  recordFirstContent({ provider, model }: AttemptLabels, millis: number): void {
    this.#instruments.update(metrics.timeToFirstChunk, millis / 1000, [
      operationName,
      providerName(provider),
      provider,
      model
    ])
  }

  /** Records the milliseconds between reads with content of a streamed attempt. */
  contentIntervalRecorder({ provider, model }: AttemptLabels): (millis: number) => void {
    const update = this.#instruments.updater(metrics.timePerOutputChunk, [
      operationName,
      providerName(provider),
      provider,
      model
    ])
    return (millis) => update(millis / 1000)
  }

  /** Records a wait for admission. */
  recordAdmissionWait(
    { account, provider }: Pick<Call, "account" | "provider">,
    millis: number,
    outcome: string
  ): void {
    this.admissionWait.add(millis)
    this.#instruments.update(metrics.admissionWait, millis / 1000, [provider, account, outcome])
  }

  /** Records a call in a stage that a user inserted or replaced. */
  recordStage(name: string, millis: number, outcome: Outcome): void {
    this.#instruments.update(metrics.stageDuration, millis / 1000, [name, outcome])
  }

  /** Records that an attempt retries one that failed. */
  recordRetry({ provider, request }: Call, reason: string): void {
    this.retries += 1
    this.#instruments.update(metrics.retries, 1, [providerName(provider), provider, request.model, reason])
  }

  /** Records that a circuit rejected an attempt. */
  recordRejection({ provider, request }: Call): void {
    this.#instruments.update(metrics.breakerRejections, 1, [providerName(provider), provider, request.model])
  }

  /** Records that a circuit changed its state. */
  recordTransition(circuit: string, state: string): void {
    this.#instruments.update(metrics.breakerTransitions, 1, [circuit, state])
  }

  /** Records the usage of an attempt, or the savings of a cached response. */
  recordUsage(
    { charge, isEstimate, model: called, outcome, provider, tags = noTags, tool, usage }: AttemptUsage,
    cost: Option.Option<Cost>
  ): void {
    const instruments = this.#instruments
    const model = tool ?? called
    const name = providerName(provider)
    const saved = (source: string, currency: string, amount: BigDecimal.BigDecimal) => {
      if (!BigDecimal.isPositive(amount)) return
      instruments.update(metrics.savings, Amount.toNumber(amount), [currency, name, provider, model, source])
    }
    if (outcome === "cached") {
      if (Option.isSome(cost)) saved("client_cache", cost.value.currency, cost.value.total)
      return
    }
    const counted = (type: string, value: number) => {
      if (value > 0) instruments.update(metrics.tokens, value, [name, provider, model, type, `${isEstimate}`])
    }
    counted("input", usage.prompt_tokens)
    counted("output", usage.completion_tokens)
    counted("cache_read", usage.cached_tokens)
    counted("cache_write", usage.cache_write_tokens)
    counted("reasoning", usage.reasoning_tokens)
    if (!isEstimate && charge === undefined) {
      instruments.update(metrics.tokenUsage, usage.prompt_tokens, [operationName, name, provider, model, "input"])
      instruments.update(metrics.tokenUsage, usage.completion_tokens, [operationName, name, provider, model, "output"])
    }
    if (Option.isNone(cost)) {
      instruments.update(metrics.unpriced, 1, [name, provider, model])
      return
    }
    const { currency, total } = cost.value
    const { agent, job, tenant } = tags
    const amount = Amount.toNumber(total)
    instruments.update(metrics.cost, amount, [currency, name, provider, model, tenant, job, agent])
    saved("host_cache", currency, cost.value.saved)
  }
}
