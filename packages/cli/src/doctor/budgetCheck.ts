/** Whether the budget allows calls: it refuses those whose price it cannot count, and those that could cost more than a cap. */
import * as Provider from "@kimi-effect/client/Provider"
import * as Budget from "@kimi-effect/core/Budget"
import * as BudgetStore from "@kimi-effect/core/BudgetStore"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Cost from "@kimi-effect/core/Cost"
import type * as Fallback from "@kimi-effect/core/Fallback"
import type { BudgetExceededError } from "@kimi-effect/core/MoneyErrors"
import type { BudgetError } from "@kimi-effect/core/OperationErrors"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { Configuration } from "../configuration.ts"
import { hintOf } from "../hints.ts"
import type { Check } from "../schemas/doctor.ts"
import * as BudgetLedger from "./budgetLedger.ts"
import { LedgerCopy } from "./budgetLedger.ts"
import { ok, placeOf, problem, warning } from "./check.ts"

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

const amountsOf = ({ cap, currency, reserved, scope, spent }: Budget.ScopeState): string => {
  const text = (total: BigDecimal.BigDecimal) => Cost.format({ currency, total })
  const left = BigDecimal.subtract(cap, BigDecimal.sum(spent, reserved))
  return [
    `${scope}: ${text(spent)} of ${text(cap)} spent`,
    ...(BigDecimal.isZero(reserved) ? [] : [`${text(reserved)} reserved for running calls`]),
    `${text(BigDecimal.max(left, BigDecimal.fromBigInt(0n)))} left`
  ].join(", ")
}

/** With what is spent, where a store has counted it. */
const withAmounts = ({ claimed }: LedgerCopy, check: Check): Check => ({
  ...check,
  message: [check.message, ...Array.from(claimed.values(), amountsOf)].join("; ")
})

const isSpent = (error: BudgetError): error is BudgetExceededError =>
  error._tag === "BudgetExceededError" &&
  !BigDecimal.isZero(error.spent) &&
  BigDecimal.isGreaterThanOrEqualTo(error.spent, error.cap)

/** No call is refused for what is spent in a period that has ended. */
const ofSpent = ({ scope }: BudgetExceededError, place: string): Check => {
  const period = /^(?:day|week|month)(?=:)/.exec(scope)?.[0]
  const wait = period === undefined ? "" : `, or wait until the ${period} has ended`
  return problem("budget", `Every call is refused: The cap of ${scope} is spent`, `Raise the cap of ${place}${wait}.`)
}

const ofOwn = Effect.fnUntraced(function* (budget: Service, call: Call, place: string): Effect.fn.Return<Check> {
  const priced = yield* checkPrice(budget, call)
  if (Result.isFailure(priced)) {
    return problem("budget", `Every call is refused: ${reasonOf(priced.failure)}`, fixOf(priced.failure))
  }
  const unlimited = yield* reserve(budget, call)
  if (Result.isSuccess(unlimited)) return ok("budget", `calls of ${call.model} are allowed`)
  const shortest = yield* reserve(budget, call, 1)
  if (Result.isFailure(shortest) && isSpent(shortest.failure)) return ofSpent(shortest.failure, place)
  return Result.isFailure(shortest)
    ? problem("budget", `Every call is refused: ${reasonOf(shortest.failure)}`, fixOf(shortest.failure))
    : warning(
        "budget",
        `A call without max_completion_tokens is refused: ${reasonOf(unlimited.failure)}`,
        fixOf(unlimited.failure)
      )
})

/**
 * Checks the model of calls that name none, and the steps of the fallback, with what the store of the budget has
 * counted. Nothing is reserved in it.
 */
export const check = Effect.fnUntraced(function* (
  found: Configuration,
  steps: ReadonlyArray<Fallback.Step>
): Effect.fn.Return<ReadonlyArray<Check>, ConfigurationError, FileSystem.FileSystem> {
  const { config, table } = found.settings
  if (config.budget.length === 0) return []
  const { account = config.provider, model: own = Provider.fromConfig(config).defaultModel, provider } = config
  const states = yield* BudgetLedger.read(config)
  const ledger = new LedgerCopy(Option.getOrElse(states, () => []))
  const checked = Effect.gen(function* () {
    const budget = yield* Budget.Budget
    const ofCalls = yield* ofOwn(budget, { account, provider, model: own }, placeOf(found, "budget"))
    const checks = [Option.isSome(states) ? withAmounts(ledger, ofCalls) : ofCalls]
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
      Budget.layerStore({ ...Budget.optionsFromConfig(config), balance: undefined, maxWait: "off" }).pipe(
        Layer.provide(Layer.succeed(BudgetStore.BudgetStore, ledger.store))
      )
    )
  )
  return yield* table === undefined ? checked : Effect.provideService(checked, PriceTable.PriceTable, table)
})
