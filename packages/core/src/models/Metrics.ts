/**
 * What a client has done so far, and the state that it is in.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Half, 95 and 99 in a hundred of the latest values are at most this.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Percentiles = Schema.Struct({
  p50: Schema.Finite,
  p95: Schema.Finite,
  p99: Schema.Finite,
  /** How many values they are taken from: the latest 1,024 at most. */
  samples: Schema.Int
})

/**
 * @category models
 * @since 0.1.0
 */
export type Percentiles = typeof Percentiles.Type

const count = Schema.Int
const counts = Schema.Record(Schema.String, count)

/**
 * Numbers of calls and how long they took. All durations are in milliseconds.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Performance = Schema.Struct({
  /** Calls that have ended, by how: `ok`, `interrupted`, `defect`, or the tag of an error. */
  requests: counts,
  attempts: count,
  retries: count,
  /** Of calls that succeeded. */
  duration: Schema.optionalKey(Percentiles),
  /** From a call to the first content of its stream. */
  timeToFirstToken: Schema.optionalKey(Percentiles),
  /** Tokens a second of streamed attempts. */
  outputRate: Schema.optionalKey(Percentiles),
  admissionWait: Schema.optionalKey(Percentiles),
  /** Streamed attempts by how they ended: `complete`, `failed`, `broken` or `left`. */
  streamEnds: counts
})

/**
 * @category schemas
 * @since 0.1.0
 */
export const CacheMetrics = Schema.Struct({
  entries: count,
  bytes: count,
  evictions: count,
  hits: count,
  misses: count,
  /** 0 to 1; 0 before the first lookup. */
  hitRate: Schema.Finite,
  /** The store below the memory, if there is one. */
  store: Schema.optionalKey(Schema.Struct({ hits: count, misses: count, failures: count, pending: count }))
})

/**
 * One account at a host.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ProviderMetrics = Schema.Struct({
  account: Schema.String,
  inFlight: count,
  waiting: count,
  requestsInMinute: count,
  tokensInMinute: Schema.Finite,
  tokensInDay: Schema.Finite,
  /** Part of the rates that is used since the host refused calls; 1 when it does not. */
  throttleFactor: Schema.Finite,
  /** Attempts that ended so far, by how; only with telemetry. */
  attempts: counts
})

/**
 * @category schemas
 * @since 0.1.0
 */
export const BreakerMetrics = Schema.Struct({
  /** Account and model. */
  key: Schema.String,
  state: Schema.Literals(["closed", "open", "half_open", "isolated", "forced_closed"])
})

const currency = Schema.Literals(["USD", "CNY"])

/**
 * Money in one currency.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CostMetrics = Schema.Struct({
  currency,
  total: Schema.BigDecimal,
  /** What would have been paid more without the hosts' caches. */
  savedByHosts: Schema.BigDecimal,
  /** What would have been paid more without the client's own cache. */
  savedByCache: Schema.BigDecimal,
  byModel: Schema.Record(Schema.String, Schema.BigDecimal)
})

/**
 * One scope of a budget.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BudgetMetrics = Schema.Struct({
  scope: Schema.String,
  currency,
  limit: Schema.BigDecimal,
  spent: Schema.BigDecimal,
  reserved: Schema.BigDecimal,
  remaining: Schema.BigDecimal
})

/**
 * Everything that a client knows of itself.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SystemMetrics = Schema.Struct({
  /** Unix milliseconds. */
  at: Schema.Finite,
  /** Absent without telemetry, because nobody counts. */
  performance: Schema.optionalKey(Performance),
  retryBudget: Schema.Struct({ remaining: Schema.Number, capacity: Schema.Number }),
  /** Absent without a cache. */
  cache: Schema.optionalKey(CacheMetrics),
  providers: Schema.Array(ProviderMetrics),
  breakers: Schema.Array(BreakerMetrics),
  /** Absent where neither telemetry nor an account book is provided. */
  cost: Schema.optionalKey(
    Schema.Struct({
      currencies: Schema.Array(CostMetrics),
      /** Attempts whose price is not known; they are in no amount. */
      unpriced: count
    })
  ),
  /** Scopes of budgets; empty without a budget, and while its store does not answer. */
  budgets: Schema.Array(BudgetMetrics)
})

/**
 * @category models
 * @since 0.1.0
 */
export type SystemMetrics = typeof SystemMetrics.Type
