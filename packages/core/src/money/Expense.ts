/**
 * Costs that are not those of calls of a model, such as a search that the host
 * charges per call: they count under the caps of the `Budget`, and are in the
 * `Accounting`.
 *
 * **Example** (A handler of a tool that costs a cent)
 *
 * ```ts
 * const lookUp = (name: string) =>
 *   request(name).pipe(Expense.charge({ tool: "look_up", cost: Expense.dollars("0.01") }))
 * ```
 *
 * **Details**
 *
 * - The cost is reserved before the effect runs, which is refused if it does not
 *   fit under a cap: nothing runs, and nothing was spent.
 * - An effect that succeeds is charged. One that fails is free, unless `isBilled`
 *   states otherwise for its error. One that is interrupted or dies is charged,
 *   since its request may have been sent.
 * - The tenant, job and agent are those of `CallOptions`.
 * - `Budget` and `Accounting` are those of the client in a tool that `AgentLoop`
 *   runs, and elsewhere those of the context. Without them nothing is counted.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { CallOptions } from "../CallOptions.ts"
import type { BudgetError } from "../errors/OperationErrors.ts"
import { fromTokens } from "../models/Usage.ts"
import * as Accounting from "./Accounting.ts"
import type { Cost } from "./Cost.ts"
import type { Expense, ExpenseReservation } from "./internal/ExpenseReservation.ts"
import { current, type MoneyServices } from "./internal/MoneyServices.ts"

export type { Expense, ExpenseReservation } from "./internal/ExpenseReservation.ts"

/**
 * Options of a charge.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<E = unknown> {
  /** Whether an effect that fails with this error is charged. Defaults to none. */
  readonly isBilled?: ((error: E) => boolean) | undefined
}

/**
 * An amount in US dollars, as a decimal such as `0.005`. Throws a `RangeError` for
 * one below zero, and for what is no number.
 *
 * @category constructors
 * @since 0.1.0
 */
export const dollars = (amount: string | number): Pick<Cost, "currency" | "total"> => {
  const total = typeof amount === "number" ? BigDecimal.fromNumber(amount) : BigDecimal.fromString(amount)
  if (Option.isNone(total) || BigDecimal.isNegative(total.value)) throw invalidAmount()
  return { currency: "USD", total: total.value }
}

const invalidAmount = (): RangeError => new RangeError("The cost of an expense must be an amount of at least zero")

/** How an effect ended; `undefined` if it was free. */
const outcomeOf = <A, E>(
  exit: Exit.Exit<A, E>,
  { isBilled }: Options<E>
): Exclude<Accounting.Outcome, "cached"> | undefined => {
  if (Exit.isSuccess(exit)) return "succeeded"
  if (Cause.hasInterrupts(exit.cause)) return "abandoned"
  const error = Cause.findErrorOption(exit.cause)
  return Option.isSome(error) && isBilled?.(error.value) !== true ? undefined : "failed"
}

const zero = BigDecimal.fromBigInt(0n)

const settleAndRecord = (
  { accounting }: MoneyServices,
  { cost, provider = "", tool }: Expense,
  reservation: ExpenseReservation | undefined,
  outcome: Exclude<Accounting.Outcome, "cached"> | undefined
): Effect.Effect<void> => {
  const charged = outcome === undefined ? zero : cost.total
  const settled = reservation === undefined ? Effect.void : reservation.settle(charged)
  if (accounting === undefined || outcome === undefined) return settled
  return Effect.andThen(
    settled,
    Effect.flatMap(CallOptions, ({ agent, job, tenant }) =>
      Accounting.recordUsage(accounting, {
        account: provider,
        provider,
        model: "",
        tool,
        outcome,
        usage: fromTokens(0, 0),
        charge: { currency: cost.currency, total: cost.total },
        isEstimate: false,
        tags: { tenant, job, agent }
      })
    )
  )
}

/**
 * Charges for an effect: reserves its cost in the budget, runs it, and pays and
 * records the cost. Fails with a `BudgetError` if the cost does not fit. A cost below
 * zero, which would raise the cap, is a defect, and nothing runs.
 *
 * @category combinators
 * @since 0.1.0
 */
export const charge =
  <E = unknown>(expense: Expense, options: Options<E> = {}) =>
  <A, E2 extends E, R>(effect: Effect.Effect<A, E2, R>): Effect.Effect<A, E2 | BudgetError, R> =>
    Effect.flatMap(current, (services) =>
      Effect.uninterruptibleMask((restore) => {
        if (BigDecimal.isNegative(expense.cost.total)) return Effect.die(invalidAmount())
        let hasBegun = false
        const begun = Effect.suspend(() => {
          hasBegun = true
          return effect
        })
        // A separate one: a scope that the effect needs is that of the caller.
        const scope = Scope.makeUnsafe()
        const reserved = services.budget?.reserve(expense) ?? Effect.undefined
        return services.withTags(Scope.provide(scope)(reserved)).pipe(
          Effect.flatMap((reservation) =>
            Effect.onExit(restore(begun), (exit) => {
              const outcome = hasBegun ? outcomeOf<A, E>(exit, options) : undefined
              return services.withTags(settleAndRecord(services, expense, reservation, outcome))
            })
          ),
          Effect.onExit((exit) => Scope.close(scope, exit))
        )
      })
    )
