/**
 * Every metric. Exported by `Telemetry`.
 *
 * @since 0.1.0
 */
import { swarmMetrics } from "./SwarmTelemetry.ts"
import { type Attribute, attributes as a } from "./TelemetryAttributes.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Metric {
  readonly name: string
  readonly kind: "counter" | "gauge" | "histogram"
  /** A UCUM unit, as in OpenTelemetry. */
  readonly unit: string
  readonly description: string
  readonly attributes: ReadonlyArray<Attribute>
  /** The upper bounds of a histogram's buckets. */
  readonly boundaries?: ReadonlyArray<number>
}

/**
 * Buckets of durations: those of the conventions, and three more, because
 * reasoning takes minutes.
 *
 * @category constants
 * @since 0.1.0
 */
export const durationBoundaries = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68, 655.36
]
/** Those of the conventions. */
const chunkBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const waitBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]
const tokenBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864]
const rateBoundaries = [1, 2, 5, 10, 20, 30, 40, 50, 75, 100, 150, 200, 300, 500, 1000]

const hostModel = [a.providerName, a.host, a.requestModel] as const

/**
 * Every metric.
 *
 * @category constants
 * @since 0.1.0
 */
export const metrics = {
  operationDuration: {
    name: "gen_ai.client.operation.duration",
    kind: "histogram",
    unit: "s",
    description: "Duration of a call with all of its attempts; for a stream, until its end",
    attributes: [a.operationName, ...hostModel, a.responseModel, a.errorType],
    boundaries: durationBoundaries
  },
  tokenUsage: {
    name: "gen_ai.client.token.usage",
    kind: "histogram",
    unit: "{token}",
    description: "Tokens of an attempt as reported by the host",
    attributes: [a.operationName, ...hostModel, a.tokenType],
    boundaries: tokenBoundaries
  },
  timeToFirstChunk: {
    name: "gen_ai.client.operation.time_to_first_chunk",
    kind: "histogram",
    unit: "s",
    description: "Time from the start of an attempt to the first content of its stream",
    attributes: [a.operationName, ...hostModel],
    boundaries: durationBoundaries
  },
  timePerOutputChunk: {
    name: "gen_ai.client.operation.time_per_output_chunk",
    kind: "histogram",
    unit: "s",
    description: "Time between reads of a stream that contain content, after the first",
    attributes: [a.operationName, ...hostModel],
    boundaries: chunkBoundaries
  },
  requests: {
    name: "kimi.client.requests",
    kind: "counter",
    unit: "{request}",
    description: "Calls that have ended, by outcome",
    attributes: [a.operation, ...hostModel, a.outcome]
  },
  attempts: {
    name: "kimi.client.attempts",
    kind: "counter",
    unit: "{attempt}",
    description: "Requests to hosts, by outcome",
    attributes: [a.operation, ...hostModel, a.outcome]
  },
  retries: {
    name: "kimi.client.retries",
    kind: "counter",
    unit: "{attempt}",
    description: "Attempts that retried a failed one at the same host, by its error",
    attributes: [...hostModel, a.errorType]
  },
  retryBudgetRemaining: {
    name: "kimi.client.retry_budget.remaining",
    kind: "gauge",
    unit: "1",
    description: "Tokens left in the retry budget",
    attributes: []
  },
  retryBudgetCapacity: {
    name: "kimi.client.retry_budget.capacity",
    kind: "gauge",
    unit: "1",
    description: "Capacity of the retry budget",
    attributes: []
  },
  admissionWait: {
    name: "kimi.client.admission.wait",
    kind: "histogram",
    unit: "s",
    description: "Time that an attempt waited for admission, by outcome of the wait",
    attributes: [a.host, a.account, a.outcome],
    boundaries: waitBoundaries
  },
  admissionInFlight: {
    name: "kimi.client.admission.in_flight",
    kind: "gauge",
    unit: "{attempt}",
    description: "Attempts in progress",
    attributes: [a.account]
  },
  admissionQueue: {
    name: "kimi.client.admission.queue",
    kind: "gauge",
    unit: "{attempt}",
    description: "Attempts waiting for admission",
    attributes: [a.account]
  },
  poolInUse: {
    name: "kimi.client.pool.in_use",
    kind: "gauge",
    unit: "{request}",
    description: "Requests that hold a connection of the pool; only on Node",
    attributes: [a.serverAddress, a.serverPort]
  },
  poolWaiting: {
    name: "kimi.client.pool.waiting",
    kind: "gauge",
    unit: "{request}",
    description: "Requests that wait for a connection of the pool; only on Node",
    attributes: [a.serverAddress, a.serverPort]
  },
  poolLimit: {
    name: "kimi.client.pool.limit",
    kind: "gauge",
    unit: "{request}",
    description: "Most requests that hold a connection: one per connection, or 100 over HTTP/2; only on Node",
    attributes: [a.serverAddress, a.serverPort]
  },
  breakerCircuits: {
    name: "kimi.client.breaker.circuits",
    kind: "gauge",
    unit: "{circuit}",
    description: "1 for the current state of each circuit, 0 for its other states",
    attributes: [a.circuit, a.circuitState]
  },
  breakerTransitions: {
    name: "kimi.client.breaker.transitions",
    kind: "counter",
    unit: "{transition}",
    description: "State changes of circuits",
    attributes: [a.circuit, a.circuitState]
  },
  breakerRejections: {
    name: "kimi.client.breaker.rejections",
    kind: "counter",
    unit: "{attempt}",
    description: "Attempts rejected by a circuit",
    attributes: [...hostModel]
  },
  cacheRequests: {
    name: "kimi.client.cache.requests",
    kind: "counter",
    unit: "{request}",
    description: "Successful calls by cache level; only with a cache",
    attributes: [a.cacheLevel]
  },
  cacheEntries: {
    name: "kimi.client.cache.entries",
    kind: "gauge",
    unit: "{entry}",
    description: "Responses in the memory cache",
    attributes: []
  },
  cacheSize: {
    name: "kimi.client.cache.size",
    kind: "gauge",
    unit: "By",
    description: "Size of the memory cache",
    attributes: []
  },
  cacheHitRatio: {
    name: "kimi.client.cache.hit_ratio",
    kind: "gauge",
    unit: "1",
    description: "Fraction of the lookups of a cache level that were hits, since the start",
    attributes: [a.cacheLevel]
  },
  prefixCacheBreaks: {
    name: "kimi.client.prefix_cache.breaks",
    kind: "counter",
    unit: "{attempt}",
    description:
      "Attempts whose prompt the host could have read from its prefix cache further; only with `PrefixCache`",
    attributes: [...hostModel, a.prefixCacheReason]
  },
  prefixCacheLostTokens: {
    name: "kimi.client.prefix_cache.lost_tokens",
    kind: "counter",
    unit: "{token}",
    description: "Tokens that the host could have read from its prefix cache; only with `PrefixCache`",
    attributes: [...hostModel, a.prefixCacheReason]
  },
  prefixCacheCost: {
    name: "kimi.client.prefix_cache.cost",
    kind: "counter",
    unit: "1",
    description: "What these tokens cost more than cached ones, by currency; only with `PrefixCache`",
    attributes: [a.currency, ...hostModel, a.prefixCacheReason]
  },
  tokens: {
    name: "kimi.client.tokens",
    kind: "counter",
    unit: "{token}",
    description: "Charged tokens, including those of failed and interrupted attempts",
    attributes: [...hostModel, a.tokenType, a.isEstimate]
  },
  cost: {
    name: "kimi.client.cost",
    kind: "counter",
    unit: "1",
    description: "Cost of attempts, by currency",
    attributes: [a.currency, ...hostModel, a.tenant, a.job, a.agent]
  },
  unpriced: {
    name: "kimi.client.unpriced",
    kind: "counter",
    unit: "{attempt}",
    description: "Charged attempts with an unknown price, which are not included in the cost",
    attributes: [...hostModel]
  },
  savings: {
    name: "kimi.client.savings",
    kind: "counter",
    unit: "1",
    description: "Cost avoided by caches, by currency",
    attributes: [a.currency, ...hostModel, a.savingsSource]
  },
  budgetLimit: {
    name: "kimi.client.budget.limit",
    kind: "gauge",
    unit: "1",
    description: "Cap of the scope",
    attributes: [a.scope, a.currency]
  },
  budgetSpent: {
    name: "kimi.client.budget.spent",
    kind: "gauge",
    unit: "1",
    description: "Amount spent in the scope",
    attributes: [a.scope, a.currency]
  },
  budgetReserved: {
    name: "kimi.client.budget.reserved",
    kind: "gauge",
    unit: "1",
    description: "Amount reserved for calls in progress",
    attributes: [a.scope, a.currency]
  },
  budgetRemaining: {
    name: "kimi.client.budget.remaining",
    kind: "gauge",
    unit: "1",
    description: "Amount that can still be reserved",
    attributes: [a.scope, a.currency]
  },
  stageDuration: {
    name: "kimi.stage.duration",
    kind: "histogram",
    unit: "s",
    description: "Duration of a call in a stage that a user inserted or replaced, including the stages inside it",
    attributes: [a.stageName, a.outcome],
    boundaries: durationBoundaries
  },
  outputRate: {
    name: "kimi.client.output_rate",
    kind: "histogram",
    unit: "{token}/s",
    description: "Generated tokens per second of a stream, from its first content to its end",
    attributes: [...hostModel],
    boundaries: rateBoundaries
  },
  streamEnds: {
    name: "kimi.client.stream.ends",
    kind: "counter",
    unit: "{stream}",
    description: "Streamed attempts that have ended, by kind of end",
    attributes: [...hostModel, a.streamEnd]
  },
  ...swarmMetrics
} as const satisfies Record<string, Metric>
