/**
 * Keeps account of what every attempt used, also of those whose answer nobody
 * received: a retried, hedged or abandoned attempt is money too.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { Usage } from "../models/Usage.ts"
import * as Cost from "./Cost.ts"

/**
 * How an attempt ended: with an answer, with an error after which the host may
 * charge, or because its caller left.
 *
 * @category models
 * @since 0.1.0
 */
export const outcomes = ["answered", "failed", "abandoned"] as const

/**
 * @category models
 * @since 0.1.0
 */
export type Outcome = (typeof outcomes)[number]

/**
 * What one attempt used.
 *
 * @category models
 * @since 0.1.0
 */
export interface Bill {
  readonly account: string
  readonly provider: string
  readonly model: string
  readonly outcome: Outcome
  readonly usage: Usage
  /** Whether `usage` is a guess, because the host did not say. */
  readonly isEstimate: boolean
}

/**
 * All that was used at a host of a model on a day with one outcome.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry {
  readonly account: string
  readonly provider: string
  readonly model: string
  /** `YYYY-MM-DD`, in UTC. */
  readonly day: string
  readonly outcome: Outcome
  readonly isEstimate: boolean
  readonly attempts: number
  readonly usage: Usage
  /** None where the price is not known, which is not the same as free. */
  readonly cost: Option.Option<Cost.Cost>
}

/**
 * The account book of a client.
 *
 * @category services
 * @since 0.1.0
 */
export class Accounting extends Context.Service<
  Accounting,
  {
    /** Enters what an attempt used. */
    readonly record: (bill: Bill) => Effect.Effect<void>
    /** Everything so far, oldest entry first. */
    readonly entries: Effect.Effect<ReadonlyArray<Entry>>
  }
>()("@kimi-effect/core/money/Accounting") {}

type Sum = { -readonly [K in keyof Usage]: Usage[K] }

interface Account extends Omit<Entry, "usage" | "attempts" | "cost"> {
  attempts: number
  readonly usage: Sum
}

/** Days and models of one client are few; whoever makes up names for them does not fill the memory. */
const maxEntries = 4096

/**
 * A book in memory.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<Accounting["Service"]> = Effect.map(Clock.Clock, (clock) => {
  const accounts = new Map<string, Account>()
  let dayNumber = Number.NaN
  let day = ""

  /** A price is looked up by the day, and days change seldom. */
  const today = (): string => {
    const number = Math.floor(clock.currentTimeMillisUnsafe() / 86_400_000)
    if (number !== dayNumber) {
      dayNumber = number
      day = DateTime.formatIsoDateUtc(DateTime.makeUnsafe(number * 86_400_000))
    }
    return day
  }

  const accountOf = ({ account, isEstimate, model, outcome, provider }: Bill): Account => {
    const date = today()
    const key = JSON.stringify([account, model, date, outcome, isEstimate])
    const known = accounts.get(key)
    if (known !== undefined) return known
    const [oldest] = accounts.keys()
    if (accounts.size >= maxEntries && oldest !== undefined) accounts.delete(oldest)
    const fresh: Account = {
      account,
      provider,
      model,
      day: date,
      outcome,
      isEstimate,
      attempts: 0,
      usage: {
        prompt_tokens: 0,
        completion_tokens: 0,
        total_tokens: 0,
        cached_tokens: 0,
        cache_write_tokens: 0,
        reasoning_tokens: 0
      }
    }
    accounts.set(key, fresh)
    return fresh
  }

  return {
    record: (bill) =>
      Effect.sync(() => {
        const account = accountOf(bill)
        account.attempts += 1
        const { usage } = account
        usage.prompt_tokens += bill.usage.prompt_tokens
        usage.completion_tokens += bill.usage.completion_tokens
        usage.total_tokens += bill.usage.total_tokens
        usage.cached_tokens += Math.min(bill.usage.cached_tokens, bill.usage.prompt_tokens)
        usage.cache_write_tokens += bill.usage.cache_write_tokens
        usage.reasoning_tokens += bill.usage.reasoning_tokens
      }),
    entries: Effect.sync(() =>
      // Prices are by the token, so the cost of the sum is the sum of the costs.
      [...accounts.values()].map((account) => ({
        ...account,
        usage: { ...account.usage },
        cost: Cost.ofModel(account.usage, account.model, account.provider, account.day)
      }))
    )
  }
})

/**
 * A book in memory.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Accounting> = Layer.effect(Accounting, make)

/**
 * The cost of entries by currency; those without a price are left out, and
 * counted in `unpriced`.
 *
 * @category getters
 * @since 0.1.0
 */
export const total = (
  entries: Iterable<Entry>
): {
  readonly costs: ReadonlyMap<Cost.Cost["currency"], BigDecimal.BigDecimal>
  readonly attempts: number
  readonly unpriced: number
} => {
  const costs = new Map<Cost.Cost["currency"], BigDecimal.BigDecimal>()
  let attempts = 0
  let unpriced = 0
  for (const entry of entries) {
    attempts += entry.attempts
    if (Option.isNone(entry.cost)) unpriced += entry.attempts
    else {
      const { currency, total } = entry.cost.value
      costs.set(currency, BigDecimal.sum(costs.get(currency) ?? BigDecimal.fromBigInt(0n), total))
    }
  }
  return { costs, attempts, unpriced }
}
