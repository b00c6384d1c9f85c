/**
 * Records the usage of every attempt, including those without a response: a
 * retried, hedged or abandoned attempt costs money too. It also records what
 * responses from the cache have saved.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { ChatResponse } from "../models/ChatResponse.ts"
import type { Call } from "../pipeline/Call.ts"
import { UsageAggregator } from "./internal/UsageAggregator.ts"
import type { Tags } from "./internal/BudgetCaps.ts"
import * as Cost from "./Cost.ts"
import * as Day from "../internal/Day.ts"
import * as PriceTable from "./PriceTable.ts"
import { Accounting } from "./internal/AccountingService.ts"
import * as CurrentPrices from "./internal/CurrentPrices.ts"
import * as DirectAccounting from "./internal/DirectAccounting.ts"
import * as UsageRecording from "./internal/UsageRecording.ts"

export { Accounting } from "./internal/AccountingService.ts"

/**
 * How an attempt ended: with a response, with an error for which the host may
 * charge, or because it was interrupted. `cached` is not an attempt but a
 * response of the client's cache, and its cost is what it saved.
 *
 * @category models
 * @since 0.1.0
 */
export const outcomes = ["succeeded", "failed", "abandoned", "cached"] as const

/**
 * @category models
 * @since 0.1.0
 */
export type Outcome = (typeof outcomes)[number]

/**
 * The usage of one attempt.
 *
 * @category models
 * @since 0.1.0
 */
export interface AttemptUsage {
  readonly account: string
  readonly provider: string
  /** As the request names it; `usage` has the name of the host, if that is another. */
  readonly model: string
  readonly outcome: Outcome
  readonly usage: Cost.BillableUsage
  /** Whether `usage` is an estimate, because the host did not report it. */
  readonly isEstimate: boolean
  /**
   * Whether the response was lost before the host reported its usage: `usage` is then the most that
   * the attempt may have used, or what the `lostAttempts` of the budget sets.
   */
  readonly isLost?: boolean
  /** The attribution of the call. Defaults to no tags. */
  readonly tags?: Tags
  /** Whether it was a request of a batch. */
  readonly isBatch?: boolean
  /** The number of attempts that `usage` sums up, such as all requests of a batch. Defaults to 1. */
  readonly attempts?: number
  /** The tool that was called, if it was no call of a model: `model` is then empty. `Expense.charge` records these. */
  readonly tool?: string
  /** What was charged, where that is not the price of `usage`, as for a tool. */
  readonly charge?: Pick<Cost.Cost, "currency" | "total">
}

/**
 * The total usage by host, model, day, tags and outcome, and by the name that the
 * host has for the model.
 *
 * When the maximum number of entries is reached, the oldest are merged into one
 * for each currency, outcome and kind, with empty names and day, so that no cost
 * is lost.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry extends Tags {
  readonly account: string
  readonly provider: string
  /** As the request names it; `usage` has the name of the host, if that is another. */
  readonly model: string
  /** `YYYY-MM-DD`, in UTC. */
  readonly day: string
  readonly outcome: Outcome
  readonly isEstimate: boolean
  readonly isBatch: boolean
  /** The tool that was called; absent for calls of a model. */
  readonly tool?: string
  /** Calls of the tool, if it is one. */
  readonly attempts: number
  readonly usage: Cost.BillableUsage
  /** None if the price is not known, which is not the same as free. */
  readonly cost: Option.Option<Cost.Cost>
}

/**
 * Usage records in memory, with at most this many entries.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeWith = (options: { readonly maxEntries: number }): Effect.Effect<Accounting["Service"]> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const table = yield* PriceTable.PriceTable
    const aggregator = new UsageAggregator(options.maxEntries)
    return DirectAccounting.make(
      (attempt, context) => {
        const prices = aggregator.isFull ? CurrentPrices.of(context, table) : table
        aggregator.record(attempt, Day.numberOf(clock.currentTimeMillisUnsafe()), prices)
      },
      Effect.map(PriceTable.currentOrElse(table), (prices) => aggregator.entries(prices))
    )
  })

/**
 * Usage records in memory, with at most 4,096 entries.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<Accounting["Service"]> = makeWith({ maxEntries: 4096 })

/**
 * Usage records in the memory of this process, with at most 4,096 entries.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<Accounting> = Layer.effect(Accounting, make)

/**
 * The same as `layerMemory`.
 *
 * @alias layerMemory
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Accounting> = layerMemory

/**
 * Also records the usage of the calls in an effect in another `Accounting`, to
 * get the cost of one call or of a job: of all its attempts, even if it fails.
 * The client must have an `Accounting` service.
 *
 * **Example** (The cost of one response, including its retries)
 *
 * ```ts
 * const accounting = yield* Accounting.make
 * const response = yield* kimi.chat(request).pipe(Accounting.recordTo(accounting))
 * const { costs } = Accounting.total(yield* accounting.entries)
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const recordTo =
  (accounting: Accounting["Service"]) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.updateService(effect, UsageRecording.AdditionalRecorders, (recorders) => [...recorders, accounting])

/**
 * Records the usage of an attempt for the client, and in the additional records
 * of this fiber.
 *
 * @category combinators
 * @since 0.1.0
 */
export const recordUsage = (accounting: Accounting["Service"], attempt: AttemptUsage): Effect.Effect<void> =>
  Effect.withFiber(({ context }) => UsageRecording.record(accounting, attempt, context) ?? Effect.void)

/**
 * The usage of a response of the client's cache, whose cost is what it saved; none if
 * the host never reported its usage.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromCachedResponse = (
  response: ChatResponse,
  call: Pick<Call, "account" | "provider" | "request">,
  tags: Tags
): Option.Option<AttemptUsage> =>
  response.usage === undefined
    ? Option.none()
    : Option.some({
        account: call.account,
        provider: response.provider ?? call.provider,
        // Attempts are recorded by the name of the request too.
        model: response.requestedModel ?? response.model,
        outcome: "cached",
        usage: Cost.usageOf(response, response.usage, call.request),
        isEstimate: false,
        tags
      })

/**
 * Amounts by their currency.
 *
 * @category models
 * @since 0.1.0
 */
export type AmountsByCurrency = ReadonlyMap<Cost.Cost["currency"], BigDecimal.BigDecimal>

/**
 * The total of entries.
 *
 * @category models
 * @since 0.1.0
 */
export interface Total {
  readonly costs: AmountsByCurrency
  /** The additional cost without the hosts' prefix caches. */
  readonly savedByHosts: AmountsByCurrency
  /** The additional cost without the client's cache. */
  readonly savedByCache: AmountsByCurrency
  /** Attempts to call a model; calls of tools are in the costs alone. */
  readonly attempts: number
  /** Responses of the client's cache. */
  readonly cached: number
  /** Attempts and cached responses without a known price, which are in no amount. */
  readonly unpriced: number
}

const zero = BigDecimal.fromBigInt(0n)

/**
 * The cost and the savings of entries by currency. Those without a price are
 * counted in `unpriced`.
 *
 * @category getters
 * @since 0.1.0
 */
export const total = (entries: Iterable<Entry>): Total => {
  const costs = new Map<Cost.Cost["currency"], BigDecimal.BigDecimal>()
  const savedByHosts = new Map<Cost.Cost["currency"], BigDecimal.BigDecimal>()
  const savedByCache = new Map<Cost.Cost["currency"], BigDecimal.BigDecimal>()
  const add = (amounts: typeof costs, currency: Cost.Cost["currency"], amount: BigDecimal.BigDecimal): void => {
    amounts.set(currency, BigDecimal.sum(amounts.get(currency) ?? zero, amount))
  }
  const counts = { attempts: 0, cached: 0, unpriced: 0 }
  for (const entry of entries) {
    const isCached = entry.outcome === "cached"
    if (entry.tool === undefined) counts[isCached ? "cached" : "attempts"] += entry.attempts
    if (Option.isNone(entry.cost)) {
      counts.unpriced += entry.attempts
      continue
    }
    const { currency, saved, total } = entry.cost.value
    add(isCached ? savedByCache : costs, currency, total)
    if (!isCached) add(savedByHosts, currency, saved)
  }
  return { costs, savedByHosts, savedByCache, ...counts }
}

/**
 * The total of entries for each tenant, job or agent.
 *
 * @category getters
 * @since 0.1.0
 */
export const totalBy = (entries: Iterable<Entry>, tag: keyof Tags): ReadonlyMap<string, Total> => {
  const groups = new Map<string, Array<Entry>>()
  for (const entry of entries) {
    const group = groups.get(entry[tag])
    if (group === undefined) groups.set(entry[tag], [entry])
    else group.push(entry)
  }
  return new Map([...groups].map(([name, group]) => [name, total(group)]))
}
