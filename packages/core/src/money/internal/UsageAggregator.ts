/**
 * Usage entries in memory: bounded in number, regardless of the names that
 * callers use, without losing any cost.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import { fromTokens, type Usage } from "../../models/Usage.ts"
import type { AttemptUsage, Entry } from "../Accounting.ts"
import type { Tags } from "./BudgetCaps.ts"
import * as Cost from "../Cost.ts"
import * as Day from "../../internal/Day.ts"
import type { Prices } from "../PriceTable.ts"

type MutableUsage = { -readonly [K in keyof Usage]: Usage[K] } & {
  oneHourCacheWrites?: number
  /** The same of all attempts of an aggregate: it may have another price. */
  readonly servedModel?: string
}

/** The members by which usage is aggregated. */
type EntryKey = Omit<Entry, "usage" | "attempts" | "cost">

interface Aggregate {
  readonly key: EntryKey
  attempts: number
  readonly usage: MutableUsage
  /** Absent in most entries. */
  toolCalls: Map<string, number> | undefined
  /** What was charged for calls of a tool; absent where the usage has a price. */
  charge: NonNullable<AttemptUsage["charge"]> | undefined
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

const emptyUsage = (servedModel?: string): MutableUsage =>
  servedModel === undefined ? fromTokens(0, 0) : { ...fromTokens(0, 0), servedModel }

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

const hasTags = (key: EntryKey, { agent, job, tenant }: Tags): boolean =>
  key.tenant === tenant && key.job === job && key.agent === agent

const hasNames = ({ key, usage }: Aggregate, attempt: AttemptUsage): boolean =>
  key.model === attempt.model &&
  usage.servedModel === attempt.usage.servedModel &&
  key.account === attempt.account &&
  key.provider === attempt.provider

/** Whether an attempt on a day belongs to an aggregate. Calls of tools are not compared, and belong to none. */
const isAggregateOf = (aggregate: Aggregate, attempt: AttemptUsage, day: string): boolean => {
  const { key } = aggregate
  return (
    key.tool === undefined &&
    attempt.tool === undefined &&
    key.day === day &&
    hasNames(aggregate, attempt) &&
    key.outcome === attempt.outcome &&
    key.isEstimate === attempt.isEstimate &&
    key.isBatch === (attempt.isBatch ?? false) &&
    hasTags(key, attempt.tags ?? noTags)
  )
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
  /** That of the latest attempt: most programs call one model of one host, and the text of a key takes longer than all else here. */
  #latest: Aggregate | undefined = undefined
  readonly #maxEntries: number
  readonly #dateOf = Day.memoizedDateOf()

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  /** Whether the next new entry evicts another, for which it needs the current prices. */
  get isFull(): boolean {
    return this.#aggregates.size >= this.#maxEntries
  }

  /** Records the usage of an attempt on a day, in days since 1970. */
  record(attempt: AttemptUsage, dayNumber: number, prices: Prices): void {
    const aggregate = this.#aggregateFor(attempt, this.#dateOf(dayNumber), prices)
    aggregate.attempts += attempt.attempts ?? 1
    const { charge } = attempt
    if (charge !== undefined) {
      const total = aggregate.charge === undefined ? charge.total : BigDecimal.sum(aggregate.charge.total, charge.total)
      aggregate.charge = { currency: charge.currency, total }
    }
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
      return { ...key, attempts, usage: this.#usageOf(aggregate), cost: this.#costOf(aggregate, prices) }
    })
    return [...overflow, ...aggregates]
  }

  #costOf(aggregate: Aggregate, prices: Prices): Option.Option<Cost.Cost> {
    const { charge, key } = aggregate
    return charge === undefined ? Cost.of(this.#usageOf(aggregate), key, prices) : Option.some(Cost.ofCharge(charge))
  }

  #usageOf({ toolCalls, usage }: Aggregate): Cost.BillableUsage {
    return toolCalls === undefined ? { ...usage } : { ...usage, toolCalls: new Map(toolCalls) }
  }

  #aggregateFor(attempt: AttemptUsage, day: string, prices: Prices): Aggregate {
    const latest = this.#latest
    if (latest !== undefined && isAggregateOf(latest, attempt, day)) return latest
    const found = this.#findAggregate(attempt, day, prices)
    this.#latest = found
    return found
  }

  #findAggregate(attempt: AttemptUsage, day: string, prices: Prices): Aggregate {
    const { account, charge, isBatch = false, isEstimate, model, outcome, provider, tags = noTags, tool } = attempt
    const { agent, job, tenant } = tags
    const { servedModel } = attempt.usage
    const kind = [outcome, isEstimate, isBatch, tenant, job, agent]
    const of = tool === undefined ? [servedModel] : [servedModel, tool, charge?.currency]
    const key = JSON.stringify([account, provider, model, day, ...kind, ...of])
    const existing = this.#aggregates.get(key)
    if (existing !== undefined) return existing
    if (this.isFull) this.#foldOldest(prices)
    const names: EntryKey = { account, provider, model, day, outcome, isEstimate, isBatch, tenant, job, agent }
    const aggregate: Aggregate = {
      key: tool === undefined ? names : { ...names, tool },
      attempts: 0,
      usage: emptyUsage(servedModel),
      toolCalls: undefined,
      charge: undefined
    }
    this.#aggregates.set(key, aggregate)
    return aggregate
  }

  #foldOldest(prices: Prices): void {
    for (const [key, oldest] of this.#aggregates) {
      this.#aggregates.delete(key)
      const { isBatch, isEstimate, outcome } = oldest.key
      const cost = Option.getOrUndefined(this.#costOf(oldest, prices))
      const isTool = oldest.key.tool !== undefined
      const name = JSON.stringify([outcome, isEstimate, isBatch, cost?.currency, isTool])
      const names = { ...noTags, account: "", provider: "", model: "", day: "", outcome, isEstimate, isBatch }
      const overflowKey: EntryKey = isTool ? { ...names, tool: "" } : names
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
