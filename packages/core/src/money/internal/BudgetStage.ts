/**
 * The stage that opens the budget of a call for as long as the call runs.
 *
 * @since 0.1.0
 */
import * as Channel from "effect/Channel"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { BudgetError } from "../../errors/OperationErrors.ts"
import type { Call, CallBudget } from "../../pipeline/Call.ts"
import * as Stage from "../../pipeline/Stage.ts"
import type * as AccountBalance from "./AccountBalance.ts"
import type { OpenCallBudget } from "./OpenCallBudget.ts"

const withCallBudget = (call: Call, budget: CallBudget): Call => {
  if (call.state === undefined) return { ...call, state: { budget } }
  call.state.budget = budget
  return call
}

/**
 * How a budget is opened for each call.
 *
 * @category models
 * @since 0.1.0
 */
export interface Opener {
  /** The budget of a call in the context of its fiber. It is not open yet. */
  readonly budgetOf: (call: Call, context: Context.Context<never>) => OpenCallBudget
  /** Checks the balance before, if it is to be checked. Only this can be interrupted. */
  readonly preflight:
    | ((
        call: Call,
        read: AccountBalance.Reader | undefined,
        context: Context.Context<never>
      ) => Effect.Effect<void, BudgetError>)
    | undefined
}

/** How the balance of the account of a call is read. */
type BalanceOf = (call: Call) => AccountBalance.Reader | undefined

/** Closes a budget with the services of the fiber that opened it, since another one may close the scope. */
const closeIn = (context: Context.Context<never>, budget: OpenCallBudget): Effect.Effect<void> => {
  const rest = budget.close()
  return rest === undefined ? Effect.void : Effect.provideContext(rest, context)
}

/**
 * Opens the budget of a call until the scope closes.
 *
 * @category combinators
 * @since 0.1.0
 */
export const openScoped = (
  { budgetOf, preflight }: Opener,
  call: Call,
  read: AccountBalance.Reader | undefined
): Effect.Effect<CallBudget, BudgetError, Scope.Scope> =>
  Effect.withFiber(({ context }) => {
    const opened = Effect.suspend(() => {
      const budget = budgetOf(call, context)
      const closedLater = Effect.as(
        Effect.addFinalizer(() => budget.close() ?? Effect.void),
        budget
      )
      const opening = budget.open()
      return opening === undefined ? closedLater : Effect.andThen(opening, closedLater)
    })
    const uninterrupted = Effect.uninterruptible(opened)
    return preflight === undefined ? uninterrupted : Effect.andThen(preflight(call, read, context), uninterrupted)
  })

/** Opens a budget and makes the call. Closing the budget releases what is reserved. */
const openAndCall = <A, E, R>(
  budget: OpenCallBudget,
  call: () => Effect.Effect<A, E, R>
): Effect.Effect<A, E | BudgetError, R> =>
  Effect.suspend(() => {
    const opening = budget.open()
    return opening === undefined
      ? call()
      : Effect.uninterruptibleMask((restore) => Effect.flatMap(opening, () => restore(call())))
  })

const afterPreflight = <A, E, R>(
  { preflight }: Opener,
  call: Call,
  balanceOf: BalanceOf | undefined,
  context: Context.Context<never>,
  run: Effect.Effect<A, E, R>
): Effect.Effect<A, E | BudgetError, R> =>
  preflight === undefined ? run : Effect.andThen(preflight(call, balanceOf?.(call), context), run)

/**
 * The stage of a budget, by how it is opened.
 *
 * @category stages
 * @since 0.1.0
 */
export const stage = (opener: Opener, options: Stage.Stage["options"], balanceOf: BalanceOf | undefined): Stage.Stage =>
  Stage.make("budget", {
    effect: (inner) => (call) =>
      Effect.withFiber(({ context }) => {
        const budget = opener.budgetOf(call, context)
        const run = openAndCall(budget, () => inner(withCallBudget(call, budget)))
        // Closed from before it is opened, so that no interrupt can come between.
        return Effect.onExitPrimitive(afterPreflight(opener, call, balanceOf, context, run), () => budget.close())
      }),
    stream: (inner) => (call) =>
      Stream.fromChannel(
        Channel.fromTransform((upstream, scope) =>
          Effect.withFiber(({ context }) => {
            const budget = opener.budgetOf(call, context)
            const run = openAndCall(budget, () =>
              Channel.toTransform(inner(withCallBudget(call, budget)).channel)(upstream, scope)
            )
            return Effect.andThen(
              Scope.addFinalizerExit(scope, () => closeIn(context, budget)),
              afterPreflight(opener, call, balanceOf, context, run)
            )
          })
        )
      ),
    options
  })
