/** The key of the budget of a client, which is looked up without loading its implementation. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { BudgetStoreError, UnknownPriceError } from "../../errors/MoneyErrors.ts"
import type { BudgetError } from "../../errors/OperationErrors.ts"
import type * as Day from "../../internal/Day.ts"
import type { Call, CallBudget } from "../../pipeline/Call.ts"
import type * as Stage from "../../pipeline/Stage.ts"
import type { ScopeState, StageDependencies } from "../Budget.ts"
import type * as AccountBalance from "./AccountBalance.ts"
import type * as BudgetEvent from "./BudgetEvent.ts"
import type { HoldOptions } from "./LongHold.ts"
import type { Cost } from "./UsageCost.ts"
import type { Expense, ExpenseReservation } from "./ExpenseReservation.ts"

// The key names the public module.
// @effect-diagnostics deterministicKeys:off

/**
 * The budget of a client. Clients that share the service share the caps.
 *
 * @category services
 * @since 0.1.0
 */
export class Budget extends Context.Service<
  Budget,
  {
    /**
     * Reserves the worst-case cost of a call until the scope closes, with the
     * tags of `CallOptions`. Each attempt takes its reservation from the result
     * and settles it. `balance` reads the account balance, if that is checked.
     */
    readonly open: (call: Call, balance?: AccountBalance.Reader) => Effect.Effect<CallBudget, BudgetError, Scope.Scope>
    /**
     * Reserves a cost that is not that of a call of a model, until it is settled
     * or the scope closes, when it is charged in full. `Expense.charge` does both.
     */
    readonly reserve: (expense: Expense) => Effect.Effect<ExpenseReservation, BudgetError, Scope.Scope>
    /**
     * The stage of the pipeline. It needs the accounting stage, which settles
     * what each attempt used; what is not settled is charged in full.
     */
    readonly stage: (dependencies?: StageDependencies) => Stage.Stage
    /**
     * The error with which a call to this host and model would be refused
     * because its price is unknown, regardless of the remaining amount.
     */
    readonly checkPrice: (call: Call) => Effect.Effect<void, UnknownPriceError>
    /**
     * Reserves the worst-case cost of work that the host does after this process
     * may have ended, such as a batch, with the tags of `CallOptions`. Any process
     * with the same store can settle it. An id that is reserved stays unchanged.
     */
    readonly hold: (options: HoldOptions) => Effect.Effect<void, BudgetError>
    /**
     * Charges what the work of a `hold` cost, nothing if `undefined`, and releases
     * the rest, once: nothing happens if the id was settled. A hold whose lease has
     * ended was charged in full, which is corrected. If the store does not reply, it
     * fails, and is retried in the background.
     */
    readonly settleHold: (id: string, cost: Pick<Cost, "total"> | undefined) => Effect.Effect<void, BudgetStoreError>
    /** Crossed thresholds and overruns, as they happen. */
    readonly events: Stream.Stream<BudgetEvent.BudgetEvent>
    /** Every scope in use. */
    readonly state: Effect.Effect<ReadonlyArray<ScopeState>, BudgetStoreError>
    /** The date by which days, weeks and months are counted. */
    readonly today: Effect.Effect<Day.LocalDate>
    /** Whether calls are allowed while the store is unavailable. */
    readonly onStoreError: "refuse" | "allow"
    /** The options as readable text. */
    readonly options: Stage.Stage["options"]
  }
>()("@kimi-effect/core/money/Budget") {}
