/**
 * A snapshot of a client's metrics: the state of its services and, with an
 * observer, the metrics of its calls.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { SystemMetrics } from "../../models/Metrics.ts"
import * as Accounting from "../../money/Accounting.ts"
import { remaining } from "../../money/internal/remaining.ts"
import type { CallMetrics } from "./metrics/CallMetrics.ts"
import * as CircuitState from "./metrics/CircuitState.ts"
import type { ClientServices } from "./ClientServices.ts"

const performanceOf = (calls: CallMetrics): NonNullable<SystemMetrics["performance"]> => {
  const duration = calls.duration.percentiles()
  const timeToFirstToken = calls.timeToFirstToken.percentiles()
  const outputRate = calls.outputRate.percentiles()
  const admissionWait = calls.admissionWait.percentiles()
  let attempts = 0
  for (const outcomes of calls.attempts.values()) for (const count of outcomes.values()) attempts += count
  return {
    requests: Object.fromEntries(calls.requests),
    attempts,
    retries: calls.retries,
    streamEnds: Object.fromEntries(calls.streamEnds),
    ...(duration === undefined ? {} : { duration }),
    ...(timeToFirstToken === undefined ? {} : { timeToFirstToken }),
    ...(outputRate === undefined ? {} : { outputRate }),
    ...(admissionWait === undefined ? {} : { admissionWait })
  }
}

const zero = BigDecimal.fromBigInt(0n)

const costOf = (entries: ReadonlyArray<Accounting.Entry>): NonNullable<SystemMetrics["cost"]> => {
  const { costs, savedByCache, savedByHosts, unpriced } = Accounting.total(entries)
  const byModel = new Map<string, Map<string, BigDecimal.BigDecimal>>()
  for (const { cost, model, outcome } of entries) {
    if (outcome === "cached" || Option.isNone(cost)) continue
    const { currency, total } = cost.value
    const models = byModel.get(currency) ?? new Map<string, BigDecimal.BigDecimal>()
    byModel.set(currency, models)
    models.set(model, BigDecimal.sum(models.get(model) ?? zero, total))
  }
  const currencies = (["USD", "CNY"] as const).filter((currency) => costs.has(currency) || savedByCache.has(currency))
  return {
    currencies: currencies.map((currency) => ({
      currency,
      total: costs.get(currency) ?? zero,
      savedByHosts: savedByHosts.get(currency) ?? zero,
      savedByCache: savedByCache.get(currency) ?? zero,
      byModel: Object.fromEntries(byModel.get(currency) ?? [])
    })),
    unpriced
  }
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  { admission, accounting, budget, cache, circuitBreaker, connections, retryBudget }: ClientServices,
  calls: CallMetrics | undefined
): Effect.fn.Return<SystemMetrics> {
  const { capacity, tokens } = yield* retryBudget.state
  const accounts = yield* admission.states
  const states = yield* circuitBreaker.states
  const pools = yield* Effect.forEach(connections, ({ origin, state }) =>
    Effect.map(state, ({ inUse, limit, waiting }) => ({ origin, inUse, waiting, limit }))
  )
  const statistics = cache === undefined ? undefined : yield* cache.statistics
  const entries = accounting === undefined ? undefined : yield* accounting.entries
  const scopes = budget === undefined ? Exit.succeed([]) : yield* Effect.exit(budget.state)
  return {
    at: yield* Clock.currentTimeMillis,
    retryBudget: { remaining: tokens, capacity },
    providers: [...accounts].map(
      ([account, { inFlight, pace, requestsInMinute, tokensInDay, tokensInMinute, waiting }]) => ({
        account,
        inFlight,
        waiting,
        requestsInMinute,
        tokensInMinute,
        tokensInDay,
        throttleFactor: pace,
        attempts: Object.fromEntries(calls?.attempts.get(account) ?? [])
      })
    ),
    breakers: [...states].map(([key, { _tag }]) => ({ key, state: CircuitState.names[_tag] })),
    connections: pools,
    budgets: (Exit.isSuccess(scopes) ? scopes.value : []).map((state) => ({
      scope: state.scope,
      currency: state.currency,
      limit: state.cap,
      spent: state.spent,
      reserved: state.reserved,
      remaining: remaining(state)
    })),
    ...(calls === undefined ? {} : { performance: performanceOf(calls) }),
    ...(entries === undefined ? {} : { cost: costOf(entries) }),
    ...(statistics === undefined
      ? {}
      : {
          cache: {
            entries: statistics.memory.entries,
            bytes: statistics.memory.bytes,
            evictions: statistics.memory.evictions,
            hits: statistics.memory.hits,
            misses: statistics.memory.misses,
            hitRate: statistics.memory.hitRate,
            ...(statistics.store === undefined
              ? {}
              : {
                  store: {
                    hits: statistics.store.hits,
                    misses: statistics.store.misses,
                    failures: statistics.store.failures,
                    pending: statistics.store.pending
                  }
                })
          }
        })
  }
})
