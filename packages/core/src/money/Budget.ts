/**
 * Hard caps on the cost of calls: in total, by day, by tenant, by job, by agent,
 * and by any combination of them.
 *
 * Before a call its worst-case cost is reserved in every scope that it counts in;
 * afterwards its actual cost is paid and the rest is released. No number of
 * concurrent calls, no failure and no interrupt lets the sum of spent and reserved
 * exceed a cap. A call that does not fit is refused before any inner stage runs.
 *
 * **Example** (A hundred dollars a day, and at most ten for each tenant)
 *
 * ```ts
 * const budget = Budget.layer({
 *   caps: [
 *     { per: ["day"], amount: "100", currency: "USD" },
 *     { per: ["day", "tenant"], amount: "10", currency: "USD" }
 *   ]
 * })
 * const client = Layer.provideMerge(KimiNode.layerConfig(), budget)
 *
 * kimi.chat(request).pipe(CallOptions.provide({ tenant: "acme" }))
 * ```
 *
 * **Details**
 *
 * - Every attempt has a separate reservation: retries, hedges, fallbacks and
 *   recoveries cost money too. One that does not fit fails with
 *   `BudgetExceededError`.
 * - An attempt whose cost is not known is charged by the estimate of
 *   `AccountingStage`.
 * - Days, weeks and months are in UTC or in `timeZone`. A call counts on the day on which it was reserved.
 * - A call that fits only after running calls have settled waits for them, in the
 *   order of arrival and up to `maxWait`. One that does not fit either way is refused
 *   at once.
 * - Dollars and yuan are separate. If caps of a kind match a call and none is in its
 *   currency, the call is treated as one whose price is not known.
 *
 * **Gotchas**
 *
 * - Without `max_completion_tokens` the worst case is the model's maximum output,
 *   which is about two dollars with kimi-k3. Set it or `defaultOutputTokens`, or few concurrent calls fit.
 * - If a host counts more tokens than the estimate, the actual cost is paid: the cap
 *   may be exceeded by the difference, and an `Overrun` event reports it.
 *
 * @since 0.1.0
 */
import type * as BigDecimal from "effect/BigDecimal"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import * as Day from "../internal/Day.ts"
import { loadModule } from "../internal/ModuleLoader.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import type { Call } from "../pipeline/Call.ts"
import * as Stage from "../pipeline/Stage.ts"
import type { Redis } from "../Redis.ts"
import * as BudgetStore from "./BudgetStore.ts"
import type * as BalanceOptions from "./internal/BalanceOptions.ts"
import type * as BudgetCaps from "./internal/BudgetCaps.ts"
import type * as BudgetOptions from "./internal/BudgetOptions.ts"
import { Budget } from "./internal/BudgetService.ts"

export { remaining } from "./internal/remaining.ts"
export { Budget } from "./internal/BudgetService.ts"

export type { Options as BalanceOptions, Reader as BalanceReader } from "./internal/BalanceOptions.ts"
export { defaults, optionsFromConfig } from "./internal/BudgetOptions.ts"
export type { Options } from "./internal/BudgetOptions.ts"
export type { Cap } from "./internal/BudgetCaps.ts"
export type { HoldOptions } from "./internal/LongHold.ts"
export type { Dimension } from "./internal/BudgetScope.ts"
export type { BudgetEvent, Overrun, ThresholdCrossed } from "./internal/BudgetEvent.ts"

/**
 * The state of a scope.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScopeState {
  /** The scope, such as `total`, `tenant:acme` or `day:2026-11-23/tenant:acme`. */
  readonly scope: string
  readonly currency: BudgetCaps.Currency
  /** The maximum to be spent. */
  readonly cap: BigDecimal.BigDecimal
  readonly spent: BigDecimal.BigDecimal
  /** Reserved for running calls. */
  readonly reserved: BigDecimal.BigDecimal
}

/**
 * What the stage of a budget uses of its client.
 *
 * @category options
 * @since 0.1.0
 */
export interface StageDependencies {
  /** How the balance of the account of a call is read, where the budget checks it. */
  readonly balanceOf?: ((call: Call) => BalanceOptions.Reader | undefined) | undefined
}

/**
 * A budget on the provided store. Fails with all invalid options at once.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: BudgetOptions.Options
): Effect.Effect<Budget["Service"], ConfigurationError, BudgetStore.BudgetStore | Scope.Scope> =>
  Effect.flatMap(
    loadModule(() => import("./internal/makeBudget.ts")),
    ({ make }) => make(options)
  )

/**
 * A budget on the provided store.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerStore = (
  options: BudgetOptions.Options
): Layer.Layer<Budget, ConfigurationError, BudgetStore.BudgetStore> =>
  OptionRules.layerOf("Budget", options, (options) => Layer.effect(Budget, make(options)))

/**
 * A budget in this process. It starts with nothing spent.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (
  options: BudgetOptions.Options & BudgetStore.MemoryOptions
): Layer.Layer<Budget, ConfigurationError> =>
  OptionRules.layerOf("Budget", options, (options) =>
    Layer.provide(layerStore(options), BudgetStore.layerMemory(options))
  )

/**
 * The same as `layerMemory`.
 *
 * @alias layerMemory
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: typeof layerMemory = layerMemory

/**
 * A budget in Redis, shared by all processes that use the same Redis, key
 * prefix and name. See `BudgetStore.layerRedis` for what Redis needs.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRedis = (
  options: BudgetOptions.Options & BudgetStore.RedisOptions
): Layer.Layer<Budget, ConfigurationError, Redis> =>
  OptionRules.layerOf("Budget", options, (options) =>
    Layer.provide(layerStore(options), BudgetStore.layerRedis(options))
  )

const unlimited: Budget["Service"] = {
  open: () => Effect.succeed({ reserve: () => Effect.succeed({ settle: () => Effect.void }) }),
  reserve: () => Effect.succeed({ settle: () => Effect.void }),
  stage: () => Stage.off("budget"),
  checkPrice: () => Effect.void,
  hold: () => Effect.void,
  settleHold: () => Effect.void,
  events: Stream.empty,
  state: Effect.succeed([]),
  today: Effect.map(Clock.currentTimeMillis, Day.calendarOf(DateTime.zoneMakeOffset(0))),
  onStoreError: "allow",
  options: { is: "off" }
}

/**
 * No budget: costs are not limited.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOff: Layer.Layer<Budget> = Layer.succeed(Budget, unlimited)
