/** Whether the budget can count calls: it refuses those whose price is not known, or not in a currency of its caps. */
import * as Provider from "@kimi-effect/client/Provider"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Budget from "@kimi-effect/core/Budget"
import type * as Fallback from "@kimi-effect/core/Fallback"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Configuration } from "../configuration.ts"
import { hintOf } from "../hints.ts"
import type { Check } from "../schemas/doctor.ts"
import { ok, problem, warning } from "./check.ts"

/** Checks the model of calls that name none, and the steps of the fallback. Nothing is reserved. */
export const check = (
  { settings: { config, table } }: Configuration,
  steps: ReadonlyArray<Fallback.Step>
): Effect.Effect<ReadonlyArray<Check>, ConfigurationError> => {
  if (config.budget.length === 0) return Effect.succeed([])
  const checked = Effect.gen(function* () {
    const budget = yield* Budget.Budget
    const { defaultModel } = Provider.fromConfig(config)
    const own = config.model ?? defaultModel
    const refusalOf = (account: string, provider: string, model: string) =>
      Effect.map(Effect.result(budget.checkPrice({ account, provider, request: { model, messages: [] } })), (price) =>
        Result.isFailure(price)
          ? { reason: price.failure.message.replace("; nothing was sent", ""), fix: hintOf(price.failure, "doctor") }
          : undefined
      )
    const first = yield* refusalOf(config.account ?? config.provider, config.provider, own)
    const checks: Array<Check> = [
      first === undefined
        ? ok("budget", `calls of ${own} are allowed`)
        : problem("budget", `Every call is refused: ${first.reason}`, first.fix)
    ]
    for (const [index, { account, model = own, provider }] of steps.entries()) {
      const refusal = yield* refusalOf(account, provider, model)
      if (refusal === undefined) continue
      checks.push(warning("budget", `Step ${index + 1} of the fallback is skipped: ${refusal.reason}`, refusal.fix))
    }
    return checks
  }).pipe(Effect.provide(Budget.layerMemory(Budget.optionsFromConfig(config))))
  return table === undefined ? checked : Effect.provideService(checked, PriceTable.PriceTable, table)
}
