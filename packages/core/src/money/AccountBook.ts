/**
 * The entries of an account book in memory: so many at most, whatever names
 * callers make up, and without losing money.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import { ofTokens, type Usage } from "../models/Usage.ts"
import type { Bill, Entry } from "./Accounting.ts"
import type { Tags } from "./budget/BudgetCaps.ts"
import * as Cost from "./Cost.ts"
import * as Day from "./Day.ts"
import type { Prices } from "./PriceTable.ts"

type Sum = { -readonly [K in keyof Usage]: Usage[K] }

/** What an account is kept for. */
type Heading = Omit<Entry, "usage" | "attempts" | "cost">

interface Account {
  readonly heading: Heading
  attempts: number
  readonly usage: Sum
  /** Most accounts have none. */
  toolCalls: Map<string, number> | undefined
}

/** Older accounts, added up. */
interface Rest {
  readonly heading: Heading
  attempts: number
  readonly usage: Sum
  cost: Cost.Cost | undefined
}

/** Hosts have one such tool. The calls of more than these are counted under a name that has no price. */
const maxTools = 16
const otherTool = "$other"

const nobody: Tags = { tenant: "", job: "", agent: "" }

const nothing = (): Sum => ofTokens(0, 0)

const addUsage = (sum: Sum, usage: Usage): void => {
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
export class AccountBook {
  private readonly accounts = new Map<string, Account>()
  private readonly rests = new Map<string, Rest>()
  private readonly maxEntries: number
  private readonly dateOf = Day.remembering()

  constructor(maxEntries: number) {
    this.maxEntries = maxEntries
  }

  /** Enters a bill on a day, in days since 1970. */
  record(bill: Bill, dayNumber: number, prices: Prices): void {
    const account = this.accountOf(bill, this.dateOf(dayNumber), prices)
    account.attempts += 1
    addUsage(account.usage, bill.usage)
    if (bill.usage.toolCalls === undefined) return
    const calls = (account.toolCalls ??= new Map<string, number>())
    for (const [tool, count] of bill.usage.toolCalls) {
      const name = calls.has(tool) || calls.size < maxTools ? tool : otherTool
      calls.set(name, (calls.get(name) ?? 0) + count)
    }
  }

  /** All entries, the oldest first. */
  entries(prices: Prices): ReadonlyArray<Entry> {
    const rests = [...this.rests.values()].map(({ attempts, cost, heading, usage }): Entry => ({
      ...heading,
      attempts,
      usage: { ...usage },
      cost: Option.fromUndefinedOr(cost)
    }))
    const accounts = [...this.accounts.values()].map((account): Entry => {
      const { attempts, heading } = account
      const usage = this.usedOf(account)
      return { ...heading, attempts, usage, cost: Cost.of(usage, heading, prices) }
    })
    return [...rests, ...accounts]
  }

  private usedOf({ toolCalls, usage }: Account): Cost.Used {
    return toolCalls === undefined ? { ...usage } : { ...usage, toolCalls: new Map(toolCalls) }
  }

  private accountOf(bill: Bill, day: string, prices: Prices): Account {
    const { account, isBatch = false, isEstimate, model, outcome, provider, tags = nobody } = bill
    const { agent, job, tenant } = tags
    const key = JSON.stringify([account, provider, model, day, outcome, isEstimate, isBatch, tenant, job, agent])
    const known = this.accounts.get(key)
    if (known !== undefined) return known
    if (this.accounts.size >= this.maxEntries) this.foldOldest(prices)
    const fresh: Account = {
      heading: { account, provider, model, day, outcome, isEstimate, isBatch, tenant, job, agent },
      attempts: 0,
      usage: nothing(),
      toolCalls: undefined
    }
    this.accounts.set(key, fresh)
    return fresh
  }

  private foldOldest(prices: Prices): void {
    for (const [key, account] of this.accounts) {
      this.accounts.delete(key)
      const { isBatch, isEstimate, outcome } = account.heading
      const cost = Option.getOrUndefined(Cost.of(this.usedOf(account), account.heading, prices))
      const name = JSON.stringify([outcome, isEstimate, isBatch, cost?.currency])
      const heading = { ...nobody, account: "", provider: "", model: "", day: "", outcome, isEstimate, isBatch }
      const rest = this.rests.get(name) ?? { heading, attempts: 0, usage: nothing(), cost: undefined }
      this.rests.set(name, rest)
      rest.attempts += account.attempts
      addUsage(rest.usage, account.usage)
      if (cost !== undefined) rest.cost = rest.cost === undefined ? cost : Cost.sum(rest.cost, cost)
      return
    }
  }
}
