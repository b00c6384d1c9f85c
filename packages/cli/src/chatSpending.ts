/** What the responses to one prompt have used: with tools there are several. */
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Cost from "@kimi-effect/core/Cost"
import * as Usage from "@kimi-effect/core/Usage"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

export interface Spending {
  /** Undefined if the host reported none. */
  readonly usage: Usage.Usage | undefined
  /** None if the price or the usage of a response is not known. */
  readonly cost: Option.Option<Cost.Cost>
}

export const add = (spent: Spending | undefined, response: ChatResponse): Effect.Effect<Spending> =>
  Effect.map(Cost.ofResponse(response), (cost) => {
    if (spent === undefined) return { usage: response.usage, cost }
    const [one, other] = [spent.usage, response.usage]
    return {
      usage: one === undefined || other === undefined ? (one ?? other) : Usage.add(one, other),
      cost: Option.flatMap(spent.cost, (before) => Option.map(cost, (own) => Cost.sum(before, own)))
    }
  })
