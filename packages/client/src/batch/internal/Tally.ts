/** The counts of a running batch, and the rules that stop it. */
import { UnknownPriceError } from "@kimi-effect/core/MoneyErrors"
import * as Deferred from "effect/Deferred"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { BatchProgress, StopReason } from "../BatchProgress.ts"
import type { BatchResponse, RowError } from "../BatchResponse.ts"
import { CostSums, type Currency } from "./CostSums.ts"
import { timeLeft } from "./timeLeft.ts"

export interface Limits {
  /** The highest share of failed rows. */
  readonly errorRate: number | undefined
  /** The outcomes before the rate counts. */
  readonly minRows: number
  readonly cost: { readonly [Name in Currency]?: number | undefined } | undefined
  readonly errorTags: ReadonlySet<string>
  /** Whether rows that fail with one of `errorTags` are left out of the counts: those of a job run again when it continues. */
  readonly leavesStopping?: boolean
}

const currencies: ReadonlyArray<Currency> = ["USD", "CNY"]

const uncounted = (currencies: ReadonlyArray<string>): UnknownPriceError =>
  new UnknownPriceError({
    message: `The batch has a limit of its cost in ${currencies.join(" and ")}, which does not count a row whose cost is not known or in another currency: set it in the currency of the price, or configure the price`
  })

export class Tally {
  #stopReason: StopReason | undefined = undefined
  readonly #stop = Deferred.makeUnsafe<void>()
  #done = 0
  #failed = 0
  #cached = 0
  #promptTokens = 0
  #completionTokens = 0
  #unknownCosts = 0
  readonly #cost = new CostSums()
  readonly #limits: Limits
  readonly #startedAt: number
  readonly #total: number | undefined

  constructor(limits: Limits, startedAt: number, total: number | undefined) {
    this.#limits = limits
    this.#startedAt = startedAt
    this.#total = total
  }

  /** Why the batch was stopped. A cost grows until the rows that were running have ended. */
  get stopped(): StopReason | undefined {
    const reason = this.#stopReason
    return reason?._tag === "Cost" ? { ...reason, amount: this.#cost.of(reason.currency) } : reason
  }

  /** Waits until the batch is stopped. */
  get whenStopped(): Effect.Effect<void> {
    return Deferred.await(this.#stop)
  }

  /** The first reason is kept. */
  stop(reason: StopReason): void {
    if (this.#stopReason !== undefined) return
    this.#stopReason = reason
    Deferred.doneUnsafe(this.#stop, Exit.void)
  }

  /** Stops the batch if the error is one that every other row would have. */
  stopAfter(error: RowError): void {
    if (this.#limits.errorTags.has(error._tag)) this.stop({ _tag: "Error", tag: error._tag, error })
  }

  add(outcome: BatchResponse<unknown>): void {
    const stops = outcome._tag === "Failed" && this.#limits.errorTags.has(outcome.error._tag)
    if (!(stops && this.#limits.leavesStopping === true)) this.#count(outcome)
    // What was paid counts in any case.
    this.#addTokens(outcome)
    this.#addCost(outcome)
    const reason = this.#reasonToStop(outcome)
    if (reason !== undefined) this.stop(reason)
  }

  #count(outcome: BatchResponse<unknown>): void {
    this.#done += 1
    if (outcome._tag === "Failed") this.#failed += 1
    if (outcome.isCached) this.#cached += 1
  }

  #addTokens({ isCached, usage }: BatchResponse<unknown>): void {
    if (isCached || usage === undefined) return
    this.#promptTokens += usage.prompt_tokens
    this.#completionTokens += usage.completion_tokens
  }

  #addCost({ _tag, cost }: BatchResponse<unknown>): void {
    if (Option.isNone(cost)) {
      // A row that failed without any attempt that is billed has no cost.
      if (_tag === "Answered") this.#unknownCosts += 1
      return
    }
    this.#cost.add(cost.value.currency, cost.value.total)
  }

  #reasonToStop(outcome: BatchResponse<unknown>): StopReason | undefined {
    const { errorRate, errorTags, minRows } = this.#limits
    if (outcome._tag === "Failed" && errorTags.has(outcome.error._tag))
      return { _tag: "Error", tag: outcome.error._tag, error: outcome.error }
    const ofCost = this.#costReason(outcome)
    if (ofCost !== undefined) return ofCost
    const rate = this.#failed / this.#done
    return errorRate !== undefined && this.#done >= minRows && rate > errorRate
      ? { _tag: "ErrorRate", rate }
      : undefined
  }

  #costReason({ _tag, cost, isCached }: BatchResponse<unknown>): StopReason | undefined {
    const limits = this.#limits.cost
    if (limits === undefined) return undefined
    // Any number of rows that no limit counts would be paid.
    const isCounted = Option.isNone(cost) ? _tag === "Failed" || isCached : limits[cost.value.currency] !== undefined
    if (!isCounted) {
      const error = uncounted(currencies.filter((currency) => limits[currency] !== undefined))
      return { _tag: "Error", tag: error._tag, error }
    }
    for (const currency of currencies) {
      const limit = limits[currency]
      if (limit === undefined) continue
      const amount = this.#cost.of(currency)
      if (amount >= limit) return { _tag: "Cost", currency, amount }
    }
    return undefined
  }

  progress(now: number, isFinal: boolean): BatchProgress {
    const elapsed = now - this.#startedAt
    const rowsPerSecond = elapsed > 0 ? (this.#done * 1000) / elapsed : 0
    const total = this.#total
    const { stopped } = this
    return {
      done: this.#done,
      failed: this.#failed,
      cached: this.#cached,
      total,
      elapsed,
      rowsPerSecond,
      remaining: timeLeft(total === undefined ? undefined : total - this.#done, { rowsPerSecond, isFinal, stopped }),
      promptTokens: this.#promptTokens,
      completionTokens: this.#completionTokens,
      cost: this.#cost.numbers,
      unknownCosts: this.#unknownCosts,
      isFinal,
      stopped
    }
  }
}
