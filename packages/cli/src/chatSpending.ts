/** What the calls for one prompt have used: with tools there are several. */
import * as Accounting from "@kimi-effect/core/Accounting"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Cost from "@kimi-effect/core/Cost"
import { RecordedAttempts } from "@kimi-effect/core/internal/RecordedAttempts"
import * as Usage from "@kimi-effect/core/Usage"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

export interface Spending {
  /** Of the responses. Undefined if the host reported none. */
  readonly usage: Usage.Usage | undefined
  /** Of all attempts. None if the price or the usage of one is not known. */
  readonly cost: Option.Option<Cost.Cost>
}

const add = (spent: Spending | undefined, { usage }: ChatResponse, cost: Option.Option<Cost.Cost>): Spending => {
  if (spent === undefined) return { usage, cost }
  return {
    usage: spent.usage === undefined || usage === undefined ? (spent.usage ?? usage) : Usage.add(spent.usage, usage),
    cost: Option.flatMap(spent.cost, (before) => Option.map(cost, (own) => Cost.sum(before, own)))
  }
}

/** Makes a call, and adds to what was spent before. */
export const spending =
  (before: Spending | undefined) =>
  <E, R>(
    call: Effect.Effect<ChatResponse, E, R>
  ): Effect.Effect<{ readonly response: ChatResponse; readonly spent: Spending }, E, R> =>
    Effect.suspend(() => {
      const attempts = new RecordedAttempts()
      return Effect.flatMap(Accounting.recordTo(attempts)(call), (response) => {
        const cost =
          response.cached === undefined && attempts.all.length > 0 ? attempts.cost : Cost.ofResponse(response)
        return Effect.map(cost, (cost) => ({ response, spent: add(before, response, cost) }))
      })
    })
