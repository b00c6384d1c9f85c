/**
 * The entries of an account book in memory: so many at most, whatever names
 * callers make up, and without losing money.
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

type MutableUsage = { -readonly [K in keyof Usage]: Usage[K] }

/** What an account is kept for. */
type EntryKey = Omit<Entry, "usage" | "attempts" | "cost">

interface Aggregate {
  readonly key: EntryKey
  attempts: number
  readonly usage: MutableUsage
  /** Most accounts have none. */
  toolCalls: Map<string, number> | undefined
}

/** Older accounts, added up. */
interface OverflowAggregate {
  readonly key: EntryKey
  attempts: number
  readonly usage: MutableUsage
  cost: Cost.Cost | undefined
}

/** Hosts have one such tool. The calls of more than these are counted under a name that has no price. */
const maxToolNames = 16
const otherTools = "$other"

const noTags: Tags = { tenant: "", job: "", agent: "" }

const emptyUsage = (): MutableUsage => fromTokens(0, 0)

const addUsage = (sum: MutableUsage, usage: Usage): void => {
  // No token counts twice, or the cost of the sum would not be the sum of the costs.
  const cached = Math.min(usage.cached_tokens, usage.prompt_tokens)
  sum.prompt_tokens += usage.prompt_tokens
  sum.completion_tokens += usage.completion_tokens
  sum.total_tokens += usage.total_tokens
  sum.cached_tokens += cached
  sum.cache_write_tokens += Math.min(usage.cache_write_tokens, usage.prompt_tokens - cached)
  sum.reasoning_tokens += usage.reasoning_tokens
}

/**
 * A book. It is written to as bills come in.
 *
 * @category models
 * @since 0.1.0
 */
export class UsageAggregator {
  private readonly aggregates = new Map<string, Aggregate>()
  private readonly overflow = new Map<string, OverflowAggregate>()
  private readonly maxEntries: number
  private readonly dateOf = Day.memoizedDateOf()

  constructor(maxEntries: number) {
    this.maxEntries = maxEntries
  }

  /** Enters a bill on a day, in days since 1970. */
  record(bill: AttemptUsage, dayNumber: number, prices: Prices): void {
    const account = this.aggregateFor(bill, this.dateOf(dayNumber), prices)
    account.attempts += 1
    addUsage(account.usage, bill.usage)
    if (bill.usage.toolCalls === undefined) return
    const calls = (account.toolCalls ??= new Map<string, number>())
    for (const [tool, count] of bill.usage.toolCalls) {
      const name = calls.has(tool) || calls.size < maxToolNames ? tool : otherTools
      calls.set(name, (calls.get(name) ?? 0) + count)
    }
  }

  /** All entries, the oldest first. */
  entries(prices: Prices): ReadonlyArray<Entry> {
    const rests = [...this.overflow.values()].map(({ attempts, cost, key: heading, usage }): Entry => ({
      ...heading,
      attempts,
      usage: { ...usage },
      cost: Option.fromUndefinedOr(cost)
    }))
    const accounts = [...this.aggregates.values()].map((account): Entry => {
      const { attempts, key: heading } = account
      const usage = this.usageOf(account)
      return { ...heading, attempts, usage, cost: Cost.of(usage, heading, prices) }
    })
    return [...rests, ...accounts]
  }

  private usageOf({ toolCalls, usage }: Aggregate): Cost.BillableUsage {
    return toolCalls === undefined ? { ...usage } : { ...usage, toolCalls: new Map(toolCalls) }
  }

  private aggregateFor(bill: AttemptUsage, day: string, prices: Prices): Aggregate {
    const { account, isBatch = false, isEstimate, model, outcome, provider, tags = noTags } = bill
    const { agent, job, tenant } = tags
    const key = JSON.stringify([account, provider, model, day, outcome, isEstimate, isBatch, tenant, job, agent])
    const known = this.aggregates.get(key)
    if (known !== undefined) return known
    if (this.aggregates.size >= this.maxEntries) this.foldOldest(prices)
    const fresh: Aggregate = {
      key: { account, provider, model, day, outcome, isEstimate, isBatch, tenant, job, agent },
      attempts: 0,
      usage: emptyUsage(),
      toolCalls: undefined
    }
    this.aggregates.set(key, fresh)
    return fresh
  }

  private foldOldest(prices: Prices): void {
    for (const [key, account] of this.aggregates) {
      this.aggregates.delete(key)
      const { isBatch, isEstimate, outcome } = account.key
      const cost = Option.getOrUndefined(Cost.of(this.usageOf(account), account.key, prices))
      const name = JSON.stringify([outcome, isEstimate, isBatch, cost?.currency])
      const heading = { ...noTags, account: "", provider: "", model: "", day: "", outcome, isEstimate, isBatch }
      const rest = this.overflow.get(name) ?? { key: heading, attempts: 0, usage: emptyUsage(), cost: undefined }
      this.overflow.set(name, rest)
      rest.attempts += account.attempts
      addUsage(rest.usage, account.usage)
      if (cost !== undefined) rest.cost = rest.cost === undefined ? cost : Cost.sum(rest.cost, cost)
      return
    }
  }
}
