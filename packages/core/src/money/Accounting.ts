/**
 * Keeps account of what every attempt used, also of those whose answer nobody
 * received: a retried, hedged or abandoned attempt is money too. And of what
 * was not paid, because an answer came out of a cache.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { ChatResponse } from "../models/ChatResponse.ts"
import { UsageAggregator } from "./internal/UsageAggregator.ts"
import type { Tags } from "./internal/BudgetCaps.ts"
import * as Cost from "./Cost.ts"
import * as Day from "../internal/Day.ts"
import * as PriceTable from "./PriceTable.ts"

/**
 * How an attempt ended: with an answer, with an error after which the host may
 * charge, or because its caller left. `cached` is no attempt: an answer of our
 * own cache, and its cost is what it saved.
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
 * What one attempt used.
 *
 * @category models
 * @since 0.1.0
 */
export interface AttemptUsage {
  readonly account: string
  readonly provider: string
  readonly model: string
  readonly outcome: Outcome
  readonly usage: Cost.BillableUsage
  /** Whether `usage` is a guess, because the host did not say. */
  readonly isEstimate: boolean
  /** For whom the call was made. Defaults to nobody. */
  readonly tags?: Tags
  /** Whether it was a request of a batch. */
  readonly isBatch?: boolean
}

/**
 * All that was used at a host of a model on a day for somebody with one
 * outcome.
 *
 * When the book is full, its oldest entries are added up into one for each
 * currency, outcome and kind, whose names and day are empty: no money is lost.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry extends Tags {
  readonly account: string
  readonly provider: string
  readonly model: string
  /** `YYYY-MM-DD`, in UTC. */
  readonly day: string
  readonly outcome: Outcome
  readonly isEstimate: boolean
  readonly isBatch: boolean
  readonly attempts: number
  readonly usage: Cost.BillableUsage
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
    readonly record: (bill: AttemptUsage) => Effect.Effect<void>
    /** Everything so far, oldest entry first. */
    readonly entries: Effect.Effect<ReadonlyArray<Entry>>
  }
>()("@kimi-effect/core/money/Accounting") {}

/**
 * A book in memory of so many entries at most.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeWith = (options: { readonly maxEntries: number }): Effect.Effect<Accounting["Service"]> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const prices = PriceTable.currentOrElse(yield* PriceTable.PriceTable)
    const book = new UsageAggregator(options.maxEntries)
    return {
      record: (bill) =>
        Effect.map(prices, (table) => book.record(bill, Day.numberOf(clock.currentTimeMillisUnsafe()), table)),
      entries: Effect.map(prices, (table) => book.entries(table))
    }
  })

/**
 * A book in memory, of 4,096 entries at most.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<Accounting["Service"]> = makeWith({ maxEntries: 4096 })

/**
 * An account book in the memory of this process, of at most 4,096 entries.
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

/** The books that this fiber's calls are entered in, beside that of their client. */
const AdditionalRecorders: Context.Reference<ReadonlyArray<Accounting["Service"]>> = Context.Reference<
  ReadonlyArray<Accounting["Service"]>
>("@kimi-effect/core/money/Accounting/Books", { defaultValue: () => [] })

/**
 * Enters what the calls inside use in another book too, so that one call, or
 * some work of many calls, has a bill of its own: every attempt of it, also
 * when it fails. The client must keep a book.
 *
 * **Example** (What one answer cost, retries included)
 *
 * ```ts
 * const book = yield* Accounting.make
 * const answer = yield* kimi.chat(request).pipe(Accounting.alsoIn(book))
 * const { costs } = Accounting.total(yield* book.entries)
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const recordTo =
  (book: Accounting["Service"]) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.updateService(effect, AdditionalRecorders, (books) => [...books, book])

/**
 * Enters a bill in the book of a client and in those of this fiber.
 *
 * @category combinators
 * @since 0.1.0
 */
export const recordUsage = (book: Accounting["Service"], bill: AttemptUsage): Effect.Effect<void> =>
  Effect.flatMap(AdditionalRecorders, (books) =>
    books.length === 0
      ? book.record(bill)
      : Effect.forEach([book, ...books], (one) => one.record(bill), { discard: true })
  )

/**
 * The bill of an answer that our own cache gave, whose cost is what it saved;
 * none when the host never said what the answer used. Record it where the
 * cache answers.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromCachedResponse = (
  response: ChatResponse,
  call: { readonly account: string; readonly provider: string },
  tags: Tags
): Option.Option<AttemptUsage> =>
  response.usage === undefined
    ? Option.none()
    : Option.some({
        account: call.account,
        provider: response.provider ?? call.provider,
        model: response.model,
        outcome: "cached",
        usage: Cost.billableUsage(response.usage, Cost.toolNames(response)),
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
 * What entries come to.
 *
 * @category models
 * @since 0.1.0
 */
export interface Total {
  readonly costs: AmountsByCurrency
  /** What would have been paid more without the hosts' prefix caches. */
  readonly savedByHosts: AmountsByCurrency
  /** What would have been paid more without our own cache. */
  readonly savedByCache: AmountsByCurrency
  readonly attempts: number
  /** Answers of our own cache. */
  readonly cached: number
  /** Attempts and cached answers whose price is not known; they are in no amount. */
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
    counts[isCached ? "cached" : "attempts"] += entry.attempts
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
 * What entries come to for each tenant, job or agent.
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
