/**
 * The budget and the usage records that expenses are entered in.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Accounting } from "./AccountingService.ts"
import { Budget } from "./BudgetService.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface MoneyServices {
  readonly budget: Budget["Service"] | undefined
  readonly accounting: Accounting["Service"] | undefined
  /** Attributes what is reserved and recorded. */
  readonly withTags: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** Those of the context. */
export const fromContext: Effect.Effect<MoneyServices> = Effect.map(
  Effect.all([Effect.serviceOption(Budget), Effect.serviceOption(Accounting)]),
  ([budget, accounting]) => ({
    budget: Option.getOrUndefined(budget),
    accounting: Option.getOrUndefined(accounting),
    withTags: (effect) => effect
  })
)

/** Those of a client, where an agent runs tools for it. */
export const CurrentMoneyServices: Context.Reference<Effect.Effect<MoneyServices>> = Context.Reference(
  "@kimi-effect/core/money/internal/MoneyServices/CurrentMoneyServices",
  { defaultValue: () => fromContext }
)

/** Those that apply here. */
export const current: Effect.Effect<MoneyServices> = Effect.flatten(CurrentMoneyServices)
