/** The total cost of attempts, which is exact because cost is linear in tokens. */
import { fromTokens } from "@kimi-effect/core/Usage"
import * as Cost from "@kimi-effect/core/Cost"
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import type { Attempt } from "../../simulator/VirtualHost.ts"

export interface TotalCost {
  readonly currency: Cost.Cost["currency"] | undefined
  readonly amount: BigDecimal.BigDecimal
}

const zero = BigDecimal.fromNumberUnsafe(0)

/** `day` is `YYYY-MM-DD`. */
export const totalCostOf = (attempts: ReadonlyArray<Attempt>, provider: string, day: string): TotalCost => {
  const byModel = new Map<string, { prompt: number; output: number }>()
  for (const { model, outputTokens, promptTokens } of attempts) {
    const known = byModel.get(model)
    if (known === undefined) byModel.set(model, { prompt: promptTokens, output: outputTokens })
    else {
      known.prompt += promptTokens
      known.output += outputTokens
    }
  }
  const costs = [...byModel].flatMap(([model, { output, prompt }]) => {
    return Option.toArray(Cost.ofModel(fromTokens(prompt, output), model, provider, day))
  })
  return { currency: costs[0]?.currency, amount: BigDecimal.sumAll([zero, ...costs.map(({ total }) => total)]) }
}

/** Exact, without an exponent. */
export const format = (amount: BigDecimal.BigDecimal): string => BigDecimal.format(BigDecimal.normalize(amount))
