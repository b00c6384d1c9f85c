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
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as BigDecimal from "effect/BigDecimal"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { CallOptions } from "../CallOptions.ts"
import { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import type { BudgetStoreError, UnknownPriceError } from "../errors/MoneyErrors.ts"
import type { BudgetError } from "../errors/OperationErrors.ts"
import type { Call, CallBudget } from "../pipeline/Call.ts"
import * as Day from "../internal/Day.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import * as Stage from "../pipeline/Stage.ts"
import * as KimiConfig from "../KimiConfig.ts"
import * as Amount from "./internal/Amount.ts"
import * as AccountBalance from "./internal/AccountBalance.ts"
import * as BudgetCaps from "./internal/BudgetCaps.ts"
import * as BudgetEvent from "./internal/BudgetEvent.ts"
import * as ReservationManager from "./internal/ReservationManager.ts"
import { ReservationQueue } from "./internal/ReservationQueue.ts"
import * as OpenCallBudget from "./internal/OpenCallBudget.ts"
import type { Redis } from "../Redis.ts"
import * as BudgetStore from "./BudgetStore.ts"
import * as PriceTable from "./PriceTable.ts"

export type { Options as BalanceOptions, Reader as BalanceReader } from "./internal/AccountBalance.ts"
export type { Cap } from "./internal/BudgetCaps.ts"
export type { Dimension } from "./internal/BudgetScope.ts"
export type { BudgetEvent, Overrun, ThresholdCrossed } from "./internal/BudgetEvent.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The caps. All that match a call apply to it. */
  readonly caps: ReadonlyArray<BudgetCaps.Cap>
  /** Fractions of a cap for which `events` report that they were spent. Defaults to 0.5 and 0.8. */
  readonly thresholds?: ReadonlyArray<number> | undefined
  /** Whether capped calls without a known price are allowed. Defaults to `refuse`. */
  readonly onUnknownPrice?: "refuse" | "allow" | undefined
  /** Whether calls are allowed, uncounted, while the store is unavailable. Defaults to `refuse`. */
  readonly onStoreError?: "refuse" | "allow" | undefined
  /** The longest wait for the store. Defaults to a second. */
  readonly timeout?: Duration.Input | undefined
  /** The lease of reservations in the store, after which those of a process that died expire. Renewed while calls run. Defaults to a minute. */
  readonly lease?: Duration.Input | undefined
  /**
   * The longest wait of a call that fits only after other calls have settled,
   * until it is refused. Zero or `off` refuses at once. Defaults to 30 seconds.
   */
  readonly maxWait?: Duration.Input | "off" | undefined
  /**
   * The output for which a request without `max_completion_tokens` reserves, in
   * tokens per choice. A longer response is paid as it is, and may exceed the cap.
   * Defaults to the most that the model can generate.
   */
  readonly defaultOutputTokens?: number | undefined
  /**
   * What is charged for an attempt whose response was lost: `upper bound`, the
   * most that its request allowed, or what a host generates at a rate per choice
   * in the time that the attempt took. With a rate, a host that is faster bills more
   * than is counted, and a cap may be exceeded without notice. Defaults to
   * `upper bound`.
   */
  readonly lostAttempts?: "upper bound" | { readonly tokensPerSecond: number } | undefined
  /**
   * The IANA time zone of days, weeks and months, such as `Europe/Berlin`. Clients
   * that share a store should have the same: a period is identified by its date, so
   * calls of another zone count in the period of the same date. Defaults to UTC.
   */
  readonly timeZone?: string | undefined
  /** Checks the account balance before a call; `{}` is enough. Off by default. */
  readonly balance?: AccountBalance.Options | undefined
}

/**
 * The default of every option that has one.
 *
 * @category options
 * @since 0.1.0
 */
export const defaults = {
  thresholds: KimiConfig.defaults.budgetThresholds,
  onUnknownPrice: KimiConfig.defaults.budgetOnUnknownPrice,
  onStoreError: KimiConfig.defaults.budgetOnStoreError,
  timeout: KimiConfig.defaults.budgetTimeout,
  lease: KimiConfig.defaults.budgetLease,
  maxWait: KimiConfig.defaults.budgetMaxWait,
  lostAttempts: KimiConfig.defaults.budgetLostAttempts,
  timeZone: KimiConfig.defaults.budgetTimeZone
} as const

/**
 * The options of a budget from a configuration.
 *
 * @category options
 * @since 0.1.0
 */
export const optionsFromConfig = (config: KimiConfig.Values): Options => ({
  caps: config.budget,
  thresholds: config.budgetThresholds,
  onUnknownPrice: config.budgetOnUnknownPrice,
  onStoreError: config.budgetOnStoreError,
  timeout: config.budgetTimeout,
  lease: config.budgetLease,
  maxWait: config.budgetMaxWait,
  defaultOutputTokens: config.budgetDefaultOutputTokens,
  lostAttempts: config.budgetLostAttempts,
  timeZone: config.budgetTimeZone,
  balance: config.budgetCheckBalance ? {} : undefined
})

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
 * The amount that may still be spent in a scope; negative if more was spent than
 * the cap, for example because the cap was lowered.
 *
 * @category getters
 * @since 0.1.0
 */
export const remaining = ({ cap, reserved, spent }: ScopeState): BigDecimal.BigDecimal =>
  BigDecimal.subtract(cap, BigDecimal.sum(spent, reserved))

/**
 * What the stage of a budget uses of its client.
 *
 * @category options
 * @since 0.1.0
 */
export interface StageDependencies {
  /** How the balance of the account of a call is read, where the budget checks it. */
  readonly balanceOf?: ((call: Call) => AccountBalance.Reader | undefined) | undefined
}

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
     * The stage of the pipeline. It needs the accounting stage, which settles
     * what each attempt used; what is not settled is charged in full.
     */
    readonly stage: (dependencies?: StageDependencies) => Stage.Stage
    /**
     * The error with which a call to this host and model would be refused
     * because its price is unknown, regardless of the remaining amount.
     */
    readonly checkPrice: (call: Call) => Effect.Effect<void, UnknownPriceError>
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

const zoneOf = (timeZone: unknown): DateTime.TimeZone | undefined =>
  typeof timeZone === "string" ? Option.getOrUndefined(DateTime.zoneMakeNamed(timeZone)) : undefined

const isRate = (lostAttempts: unknown): boolean =>
  typeof lostAttempts === "object" &&
  lostAttempts !== null &&
  "tokensPerSecond" in lostAttempts &&
  typeof lostAttempts.tokensPerSecond === "number" &&
  Number.isFinite(lostAttempts.tokensPerSecond) &&
  lostAttempts.tokensPerSecond > 0

const isWait = (maxWait: Options["maxWait"]): boolean =>
  maxWait === undefined ||
  maxWait === "off" ||
  Option.exists(Duration.fromInput(maxWait), (wait) => Duration.isFinite(wait) && Duration.toMillis(wait) >= 0)

const describeOptions = ({ balance, caps, onStoreError, onUnknownPrice }: Options): Stage.Stage["options"] => ({
  caps: caps
    .map(({ amount, currency, only, per = [] }) => {
      const scope = [...per, ...Object.entries(only ?? {}).map(([name, value]) => `${name}:${value}`)]
      return `${typeof amount === "string" ? amount : Amount.toDecimal(Amount.fromDecimal(amount))} ${currency} ${scope.length === 0 ? "in total" : `per ${scope.join("/")}`}`
    })
    .join("; "),
  "unknown price": onUnknownPrice ?? defaults.onUnknownPrice,
  "store error": onStoreError ?? defaults.onStoreError,
  ...(balance === undefined ? {} : { balance: "checked" })
})

const rulesOf = (options: Options): ReadonlyArray<OptionRules.Rule> => {
  const { balance, thresholds = defaults.thresholds } = options
  return [
    ["maxWait", isWait(options.maxWait), 'a finite duration, such as "30 seconds", or off'],
    OptionRules.positiveInteger("defaultOutputTokens", options.defaultOutputTokens),
    [
      "lostAttempts",
      options.lostAttempts === undefined || options.lostAttempts === "upper bound" || isRate(options.lostAttempts),
      '"upper bound", or an object with tokensPerSecond over zero'
    ],
    [
      "timeZone",
      options.timeZone === undefined || zoneOf(options.timeZone) !== undefined,
      "an IANA time zone, such as Europe/Berlin"
    ],
    OptionRules.millisecondDuration("lease", options.lease),
    OptionRules.millisecondDuration("timeout", options.timeout),
    [
      "thresholds",
      Array.isArray(thresholds) && thresholds.every((threshold) => threshold > 0 && threshold <= 1),
      "a list of numbers over 0 and up to 1"
    ],
    OptionRules.oneOf("onUnknownPrice", options.onUnknownPrice, ["refuse", "allow"]),
    OptionRules.oneOf("onStoreError", options.onStoreError, ["refuse", "allow"]),
    ...(balance === undefined ? [] : AccountBalance.rulesOf(balance))
  ]
}

const withCallBudget = (call: Call, budget: CallBudget): Call => {
  const state = call.state ?? {}
  state.budget = budget
  return { ...call, state }
}

/** The stage of a budget, by how it is opened. */
const makeStage = (
  open: Budget["Service"]["open"],
  options: Stage.Stage["options"],
  balanceOf: StageDependencies["balanceOf"]
): Stage.Stage =>
  Stage.make("budget", {
    effect: (inner) => (call) =>
      Effect.scoped(Effect.flatMap(open(call, balanceOf?.(call)), (budget) => inner(withCallBudget(call, budget)))),
    stream: (inner) => (call) =>
      Stream.unwrap(Effect.map(open(call, balanceOf?.(call)), (budget) => inner(withCallBudget(call, budget)))),
    options
  })

const waitOf = ({ maxWait = defaults.maxWait }: Options): Duration.Duration =>
  maxWait === "off" ? Duration.zero : Duration.fromInputUnsafe(maxWait)

/**
 * A budget on the provided store. Fails with all invalid options at once.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<Budget["Service"], ConfigurationError, BudgetStore.BudgetStore | Scope.Scope> {
  const { balance, caps, thresholds = defaults.thresholds } = options
  const issues = [...BudgetCaps.issuesOf(caps), ...OptionRules.issuesOf("Budget", rulesOf(options))]
  if (issues.length > 0) return yield* Effect.fail(ConfigurationError.of(issues))
  const { lease = defaults.lease, timeout = defaults.timeout } = options
  const built = yield* PriceTable.PriceTable
  const prices = PriceTable.currentOrElse(built)
  const events = yield* PubSub.sliding<BudgetEvent.BudgetEvent>(256)
  const reservations = yield* ReservationManager.make(
    yield* BudgetStore.BudgetStore,
    {
      thresholds,
      lease: Duration.fromInputUnsafe(lease),
      timeout: Duration.fromInputUnsafe(timeout)
    },
    events
  )
  const clock = yield* Clock.Clock
  const { timeZone = defaults.timeZone } = options
  const context: OpenCallBudget.BudgetContext = {
    reservations,
    queue: new ReservationQueue(reservations, clock, waitOf(options)),
    clock,
    calendar: Day.calendarOf(zoneOf(timeZone) ?? DateTime.zoneMakeOffset(0)),
    defaultOutputTokens: options.defaultOutputTokens,
    lostAttempts: options.lostAttempts ?? defaults.lostAttempts,
    isCapped: (tags) => BudgetCaps.isCapped(caps, tags),
    claimsOf: BudgetCaps.compile(caps),
    preflight: balance === undefined ? () => Effect.void : yield* AccountBalance.make(balance),
    onUnknownPrice: options.onUnknownPrice ?? defaults.onUnknownPrice,
    onStoreError: options.onStoreError ?? defaults.onStoreError
  }
  const open = Effect.fnUntraced(function* (call: Call, read?: AccountBalance.Reader) {
    const tags = yield* CallOptions
    const table = yield* prices
    if (balance !== undefined) yield* OpenCallBudget.preflight(context, table, call, read)
    return yield* Effect.acquireRelease(OpenCallBudget.open(context, tags, table, call), ({ close }) => close)
  })
  const checkPrice = Effect.fnUntraced(function* (call: Call) {
    yield* OpenCallBudget.checkPrice(context, yield* CallOptions, yield* prices, call)
  })
  return {
    open,
    checkPrice,
    stage: ({ balanceOf } = {}) => makeStage(open, describeOptions(options), balanceOf),
    events: Stream.fromPubSub(events),
    state: Effect.map(reservations.scopeBalances, (lines) =>
      lines.map(({ cap, reserved, scope, spent }) => ({
        ...BudgetEvent.parseScopeKey(scope),
        cap: Amount.toDecimal(cap),
        spent: Amount.toDecimal(spent),
        reserved: Amount.toDecimal(reserved)
      }))
    ),
    today: Effect.sync(() => context.calendar(clock.currentTimeMillisUnsafe())),
    onStoreError: context.onStoreError,
    options: describeOptions(options)
  }
})

/**
 * A budget on the provided store.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerStore = (options: Options): Layer.Layer<Budget, ConfigurationError, BudgetStore.BudgetStore> =>
  Layer.effect(Budget, make(options))

/**
 * A budget in this process. It starts with nothing spent.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options: Options & BudgetStore.MemoryOptions): Layer.Layer<Budget, ConfigurationError> =>
  Layer.provide(layerStore(options), BudgetStore.layerMemory(options))

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
  options: Options & BudgetStore.RedisOptions
): Layer.Layer<Budget, ConfigurationError, Redis> => Layer.provide(layerStore(options), BudgetStore.layerRedis(options))

const unlimited: Budget["Service"] = {
  open: () => Effect.succeed({ reserve: () => Effect.succeed({ settle: () => Effect.void }) }),
  stage: () => Stage.off("budget"),
  checkPrice: () => Effect.void,
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
