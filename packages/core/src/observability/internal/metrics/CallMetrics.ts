/**
 * Records calls, attempts and usage in the metrics.
 *
 * @since 0.1.0
 */
import type * as BigDecimal from "effect/BigDecimal"
import type * as Option from "effect/Option"
import type { Usage } from "../../../models/Usage.ts"
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

/** What every call updates. */
const recordersOf = (instruments: Instruments) => ({
  requests: instruments.recorder(metrics.requests),
  operationDuration: instruments.recorder(metrics.operationDuration),
  attempts: instruments.recorder(metrics.attempts),
  streamEnds: instruments.recorder(metrics.streamEnds),
  outputRate: instruments.recorder(metrics.outputRate),
  timeToFirstChunk: instruments.recorder(metrics.timeToFirstChunk),
  admissionWait: instruments.recorder(metrics.admissionWait),
  input: instruments.recorder(metrics.tokens),
  output: instruments.recorder(metrics.tokens),
  cacheReads: instruments.recorder(metrics.tokens),
  cacheWrites: instruments.recorder(metrics.tokens),
  reasoning: instruments.recorder(metrics.tokens),
  inputUsage: instruments.recorder(metrics.tokenUsage),
  outputUsage: instruments.recorder(metrics.tokenUsage),
  cost: instruments.recorder(metrics.cost),
  savings: instruments.recorder(metrics.savings)
})

/**
 * The metrics of calls, and the totals that snapshots need.
 *
 * @category models
 * @since 0.1.0
 */
export class CallMetrics {
  readonly #instruments: Instruments
  readonly #recorders: ReturnType<typeof recordersOf>
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
    this.#recorders = recordersOf(instruments)
  }

  /** Records a call that has ended. */
  recordCall(record: CallRecord, hasCache: boolean): void {
    const { duration, error, operation, outcome, provider, requestModel, responseModel, timeToFirstToken } = record
    const name = providerName(provider)
    increment(this.requests, outcome)
    if (outcome === "ok") this.duration.add(duration)
    if (timeToFirstToken !== undefined) this.timeToFirstToken.add(timeToFirstToken)
    const recorders = this.#recorders
    recorders.requests.update(1, [operation, name, provider, requestModel, outcome])
    recorders.operationDuration.update(duration / 1000, [
      operationName,
      name,
      provider,
      requestModel,
      responseModel,
      error?.tag ?? (outcome === "ok" ? undefined : outcome)
    ])
    if (hasCache && outcome === "ok") {
      this.#instruments.update(metrics.cacheRequests, 1, [record.cached ?? "none"])
    }
  }

  /** Records an attempt that has ended. */
  recordAttempt(
    { account, model, operation, provider }: AttemptLabels,
    { outcome, outputRate, streamEnd }: AttemptEnd
  ): void {
    const name = providerName(provider)
    let outcomes = this.attempts.get(account)
    if (outcomes === undefined) this.attempts.set(account, (outcomes = new Map()))
    increment(outcomes, outcome)
    const recorders = this.#recorders
    recorders.attempts.update(1, [operation, name, provider, model, outcome])
    if (streamEnd === undefined) return
    increment(this.streamEnds, streamEnd)
    recorders.streamEnds.update(1, [name, provider, model, streamEnd])
    if (outputRate === undefined) return
    this.outputRate.add(outputRate)
    recorders.outputRate.update(outputRate, [name, provider, model])
  }

  /** Records the time to the first content of a streamed attempt, in milliseconds. */
  recordFirstContent({ provider, model }: AttemptLabels, millis: number): void {
    this.#recorders.timeToFirstChunk.update(millis / 1000, [operationName, providerName(provider), provider, model])
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
    this.#recorders.admissionWait.update(millis / 1000, [provider, account, outcome])
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
  recordUsage(attempt: AttemptUsage, cost: Option.Option<Cost>): void {
    const { charge, isEstimate, outcome, provider, tags = noTags, usage } = attempt
    const model = attempt.tool ?? attempt.model
    const name = providerName(provider)
    if (outcome === "cached") {
      if (cost._tag === "Some") this.#recordSaved(cost.value.total, cost.value, [name, provider, model, "client_cache"])
      return
    }
    this.#recordTokens(usage, name, provider, model, isEstimate)
    const recorders = this.#recorders
    if (!isEstimate && charge === undefined) {
      recorders.inputUsage.update(usage.prompt_tokens, [operationName, name, provider, model, "input"])
      recorders.outputUsage.update(usage.completion_tokens, [operationName, name, provider, model, "output"])
    }
    if (cost._tag === "None") {
      this.#instruments.update(metrics.unpriced, 1, [name, provider, model])
      return
    }
    const { currency, saved, total } = cost.value
    const { agent, job, tenant } = tags
    recorders.cost.update(Amount.toNumber(total), [currency, name, provider, model, tenant, job, agent])
    this.#recordSaved(saved, cost.value, [name, provider, model, "host_cache"])
  }

  #recordTokens(usage: Usage, name: string, provider: string, model: string, isEstimate: boolean): void {
    const { cache_write_tokens, cached_tokens, completion_tokens, prompt_tokens, reasoning_tokens } = usage
    const { cacheReads, cacheWrites, input, output, reasoning } = this.#recorders
    const estimate = `${isEstimate}`
    if (prompt_tokens > 0) input.update(prompt_tokens, [name, provider, model, "input", estimate])
    if (completion_tokens > 0) output.update(completion_tokens, [name, provider, model, "output", estimate])
    if (cached_tokens > 0) cacheReads.update(cached_tokens, [name, provider, model, "cache_read", estimate])
    if (cache_write_tokens > 0) cacheWrites.update(cache_write_tokens, [name, provider, model, "cache_write", estimate])
    if (reasoning_tokens > 0) reasoning.update(reasoning_tokens, [name, provider, model, "reasoning", estimate])
  }

  /** Records what a cache has saved. */
  #recordSaved(
    saved: BigDecimal.BigDecimal,
    { currency }: Cost,
    [name, provider, model, source]: readonly [string, string, string, string]
  ): void {
    if (saved.value <= 0n) return
    this.#recorders.savings.update(Amount.toNumber(saved), [currency, name, provider, model, source])
  }
}
