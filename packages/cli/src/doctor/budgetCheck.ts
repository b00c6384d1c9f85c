/** Whether the budget allows calls: it refuses those whose price it cannot count, and those that could cost more than a cap. */
import * as Provider from "@kimi-effect/client/Provider"
import * as Budget from "@kimi-effect/core/Budget"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type * as Fallback from "@kimi-effect/core/Fallback"
import type { BudgetError } from "@kimi-effect/core/OperationErrors"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Configuration } from "../configuration.ts"
import { hintOf } from "../hints.ts"
import type { Check } from "../schemas/doctor.ts"
import { ok, problem, warning } from "./check.ts"

interface Call {
  readonly account: string
  readonly provider: string
  readonly model: string
}

type Service = Budget.Budget["Service"]

/** The reason of a refusal, without the amounts of the ledger of this check. */
const reasonOf = ({ message }: BudgetError): string => message.replace(/; nothing was sent$|: .*$/s, "")

const fixOf = (error: BudgetError): string => hintOf(error, "doctor")

const checkPrice = (budget: Service, { account, model, provider }: Call) =>
  Effect.result(budget.checkPrice({ account, provider, request: { model, messages: [] } }))

/** Reserves the worst-case cost of the shortest call in the ledger of this check. */
const reserve = (budget: Service, { account, model, provider }: Call, maxTokens?: number) => {
  const limit = maxTokens === undefined ? {} : { max_completion_tokens: maxTokens }
  const call = { account, provider, request: { model, messages: [], ...limit } }
  return Effect.result(Effect.scoped(Effect.flatMap(budget.open(call), (opened) => opened.reserve(call))))
}

const ofOwn = Effect.fnUntraced(function* (budget: Service, call: Call): Effect.fn.Return<Check> {
  const priced = yield* checkPrice(budget, call)
  if (Result.isFailure(priced)) {
    return problem("budget", `Every call is refused: ${reasonOf(priced.failure)}`, fixOf(priced.failure))
  }
  const unlimited = yield* reserve(budget, call)
  if (Result.isSuccess(unlimited)) return ok("budget", `calls of ${call.model} are allowed`)
  const shortest = yield* reserve(budget, call, 1)
  return Result.isFailure(shortest)
    ? problem("budget", `Every call is refused: ${reasonOf(shortest.failure)}`, fixOf(shortest.failure))
    : warning(
        "budget",
        `A call without max_completion_tokens is refused: ${reasonOf(unlimited.failure)}`,
        fixOf(unlimited.failure)
      )
})

/** Checks the model of calls that name none, and the steps of the fallback. The store of the budget is not used. */
export const check = (
  { settings: { config, table } }: Configuration,
  steps: ReadonlyArray<Fallback.Step>
): Effect.Effect<ReadonlyArray<Check>, ConfigurationError> => {
  if (config.budget.length === 0) return Effect.succeed([])
  const { account = config.provider, model: own = Provider.fromConfig(config).defaultModel, provider } = config
  const checked = Effect.gen(function* () {
    const budget = yield* Budget.Budget
    const checks = [yield* ofOwn(budget, { account, provider, model: own })]
    for (const [index, { account, model = own, provider }] of steps.entries()) {
      const priced = yield* checkPrice(budget, { account, provider, model })
      if (Result.isSuccess(priced)) continue
      const message = `Step ${index + 1} of the fallback is skipped: ${reasonOf(priced.failure)}`
      checks.push(warning("budget", message, fixOf(priced.failure)))
    }
    return checks
  }).pipe(
    Effect.provide(
      // No other call ends for which to wait, and the balance is another check.
      Budget.layerMemory({ ...Budget.optionsFromConfig(config), balance: undefined, maxWait: "off" })
    )
  )
  return table === undefined ? checked : Effect.provideService(checked, PriceTable.PriceTable, table)
}
