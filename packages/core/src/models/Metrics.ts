/**
 * Totals and current state of a client.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The 50th, 95th and 99th percentile of the latest values.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Percentiles = Schema.Struct({
  p50: Schema.Finite,
  p95: Schema.Finite,
  p99: Schema.Finite,
  /** The number of values, at most the latest 1,024. */
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
 * Counts and durations of calls. All durations are in milliseconds.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Performance = Schema.Struct({
  /** Completed calls by outcome: `ok`, `interrupted`, `defect`, or the tag of an error. */
  requests: counts,
  attempts: count,
  retries: count,
  /** Durations of successful calls. */
  duration: Schema.optionalKey(Percentiles),
  /** Time to the first content of a stream. */
  timeToFirstToken: Schema.optionalKey(Percentiles),
  /** Tokens per second of streamed attempts. */
  outputRate: Schema.optionalKey(Percentiles),
  admissionWait: Schema.optionalKey(Percentiles),
  /** Streamed attempts by outcome: `complete`, `failed`, `broken` or `interrupted`. */
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
  /** The fraction of the rate limits in use after the host refused calls; otherwise 1. */
  throttleFactor: Schema.Finite,
  /** Completed attempts by outcome; only with telemetry. */
  attempts: counts
})

/**
 * The connections to one host.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ConnectionMetrics = Schema.Struct({
  /** Scheme, address and port. */
  origin: Schema.String,
  /** Calls that hold a connection. */
  inUse: count,
  /** Calls that wait for a connection. */
  waiting: count,
  /** Most calls that hold a connection: one per connection, or 100 over HTTP/2. */
  limit: count
})

/**
 * @category schemas
 * @since 0.1.0
 */
export const BreakerMetrics = Schema.Struct({
  /** The account and the model. */
  key: Schema.String,
  state: Schema.Literals(["closed", "open", "half_open", "isolated", "forced_closed"])
})

const currency = Schema.Literals(["USD", "CNY"])

/**
 * Amounts in one currency.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CostMetrics = Schema.Struct({
  currency,
  total: Schema.BigDecimal,
  /** The amount saved by the hosts' prefix caches. */
  savedByHosts: Schema.BigDecimal,
  /** The amount saved by the client's cache. */
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
 * The state of a client.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SystemMetrics = Schema.Struct({
  /** Unix milliseconds. */
  at: Schema.Finite,
  /** Absent without telemetry. */
  performance: Schema.optionalKey(Performance),
  retryBudget: Schema.Struct({ remaining: Schema.Number, capacity: Schema.Number }),
  /** Absent without a cache. */
  cache: Schema.optionalKey(CacheMetrics),
  providers: Schema.Array(ProviderMetrics),
  breakers: Schema.Array(BreakerMetrics),
  /** Empty where the HTTP client does not report its connections, as `fetch` does not. */
  connections: Schema.Array(ConnectionMetrics),
  /** Absent if neither telemetry nor an `Accounting` service is provided. */
  cost: Schema.optionalKey(
    Schema.Struct({
      currencies: Schema.Array(CostMetrics),
      /** Attempts without a known price; no amount includes them. */
      unpriced: count
    })
  ),
  /** Scopes of budgets; empty without a budget and while its store is unreachable. */
  budgets: Schema.Array(BudgetMetrics)
})

/**
 * @category models
 * @since 0.1.0
 */
export type SystemMetrics = typeof SystemMetrics.Type
