/**
 * Usage entries in memory: bounded in number, regardless of the names that
 * callers use, without losing any cost.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import { fromTokens, type Usage } from "../../models/Usage.ts"
import type { AttemptUsage, Entry } from "../Accounting.ts"
import type { Tags } from "./BudgetCaps.ts"
import * as Cost from "../Cost.ts"
import * as Day from "../../internal/Day.ts"
import type { Prices } from "../PriceTable.ts"

type MutableUsage = { -readonly [K in keyof Usage]: Usage[K] } & { oneHourCacheWrites?: number }

/** The members by which usage is aggregated. */
type EntryKey = Omit<Entry, "usage" | "attempts" | "cost">

interface Aggregate {
  readonly key: EntryKey
  attempts: number
  readonly usage: MutableUsage
  /** Absent in most entries. */
  toolCalls: Map<string, number> | undefined
}

/** The sum of evicted entries. */
interface OverflowAggregate {
  readonly key: EntryKey
  attempts: number
  readonly usage: MutableUsage
  cost: Cost.Cost | undefined
}

/** Hosts have one such tool. Calls of further tools are counted under a name without a price. */
const maxToolNames = 16
const otherTools = "$other"

const noTags: Tags = { tenant: "", job: "", agent: "" }

const emptyUsage = (): MutableUsage => fromTokens(0, 0)

const addUsage = (sum: MutableUsage, usage: Cost.BillableUsage): void => {
  // No token is counted twice; otherwise the cost of the sum would not be the sum of the costs.
  const cached = Math.min(usage.cached_tokens, usage.prompt_tokens)
  sum.prompt_tokens += usage.prompt_tokens
  sum.completion_tokens += usage.completion_tokens
  sum.total_tokens += usage.total_tokens
  sum.cached_tokens += cached
  const written = Math.min(usage.cache_write_tokens, usage.prompt_tokens - cached)
  sum.cache_write_tokens += written
  if (usage.oneHourCacheWrites !== undefined) {
    sum.oneHourCacheWrites = (sum.oneHourCacheWrites ?? 0) + Math.min(usage.oneHourCacheWrites, written)
  }
  sum.reasoning_tokens += usage.reasoning_tokens
}

/**
 * Aggregates the usage of attempts.
 *
 * @category models
 * @since 0.1.0
 */
export class UsageAggregator {
  readonly #aggregates = new Map<string, Aggregate>()
  readonly #overflow = new Map<string, OverflowAggregate>()
  readonly #maxEntries: number
  readonly #dateOf = Day.memoizedDateOf()

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  /** Records the usage of an attempt on a day, in days since 1970. */
  record(attempt: AttemptUsage, dayNumber: number, prices: Prices): void {
    const aggregate = this.#aggregateFor(attempt, this.#dateOf(dayNumber), prices)
    aggregate.attempts += attempt.attempts ?? 1
    addUsage(aggregate.usage, attempt.usage)
    if (attempt.usage.toolCalls === undefined) return
    const calls = (aggregate.toolCalls ??= new Map<string, number>())
    for (const [tool, count] of attempt.usage.toolCalls) {
      const name = calls.has(tool) || calls.size < maxToolNames ? tool : otherTools
      calls.set(name, (calls.get(name) ?? 0) + count)
    }
  }

  /** All entries, the oldest first. */
  entries(prices: Prices): ReadonlyArray<Entry> {
    const overflow = [...this.#overflow.values()].map(({ attempts, cost, key, usage }): Entry => ({
      ...key,
      attempts,
      usage: { ...usage },
      cost: Option.fromUndefinedOr(cost)
    }))
    const aggregates = [...this.#aggregates.values()].map((aggregate): Entry => {
      const { attempts, key } = aggregate
      const usage = this.#usageOf(aggregate)
      return { ...key, attempts, usage, cost: Cost.of(usage, key, prices) }
    })
    return [...overflow, ...aggregates]
  }

  #usageOf({ toolCalls, usage }: Aggregate): Cost.BillableUsage {
    return toolCalls === undefined ? { ...usage } : { ...usage, toolCalls: new Map(toolCalls) }
  }

  #aggregateFor(attempt: AttemptUsage, day: string, prices: Prices): Aggregate {
    const { account, isBatch = false, isEstimate, model, outcome, provider, tags = noTags } = attempt
    const { agent, job, tenant } = tags
    const key = JSON.stringify([account, provider, model, day, outcome, isEstimate, isBatch, tenant, job, agent])
    const existing = this.#aggregates.get(key)
    if (existing !== undefined) return existing
    if (this.#aggregates.size >= this.#maxEntries) this.#foldOldest(prices)
    const aggregate: Aggregate = {
      key: { account, provider, model, day, outcome, isEstimate, isBatch, tenant, job, agent },
      attempts: 0,
      usage: emptyUsage(),
      toolCalls: undefined
    }
    this.#aggregates.set(key, aggregate)
    return aggregate
  }

  #foldOldest(prices: Prices): void {
    for (const [key, oldest] of this.#aggregates) {
      this.#aggregates.delete(key)
      const { isBatch, isEstimate, outcome } = oldest.key
      const cost = Option.getOrUndefined(Cost.of(this.#usageOf(oldest), oldest.key, prices))
      const name = JSON.stringify([outcome, isEstimate, isBatch, cost?.currency])
      const overflowKey = { ...noTags, account: "", provider: "", model: "", day: "", outcome, isEstimate, isBatch }
      const overflow = this.#overflow.get(name) ?? {
        key: overflowKey,
        attempts: 0,
        usage: emptyUsage(),
        cost: undefined
      }
      this.#overflow.set(name, overflow)
      overflow.attempts += oldest.attempts
      addUsage(overflow.usage, oldest.usage)
      if (cost !== undefined) overflow.cost = overflow.cost === undefined ? cost : Cost.sum(overflow.cost, cost)
      return
    }
  }
}
