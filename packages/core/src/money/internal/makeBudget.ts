/** Makes a budget on a store. It is loaded by the first one. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { CallOptions } from "../../CallOptions.ts"
import { ConfigurationError } from "../../errors/ConfigurationErrors.ts"
import * as Day from "../../internal/Day.ts"
import { EventHub } from "../../internal/EventHub.ts"
import type { Call } from "../../pipeline/Call.ts"
import * as PriceTable from "../PriceTable.ts"
import * as AccountBalance from "./AccountBalance.ts"
import * as Amount from "./Amount.ts"
import * as BudgetCaps from "./BudgetCaps.ts"
import type { BudgetContext } from "./BudgetContext.ts"
import * as BudgetEvent from "./BudgetEvent.ts"
import * as BudgetOptions from "./BudgetOptions.ts"
import type { Budget } from "./BudgetService.ts"
import { BudgetStore } from "./BudgetStoreService.ts"
import * as BudgetStage from "./BudgetStage.ts"
import * as CurrentPrices from "./CurrentPrices.ts"
import * as ExpenseReservation from "./ExpenseReservation.ts"
import * as LongHold from "./LongHold.ts"
import { OpenCallBudget } from "./OpenCallBudget.ts"
import * as PricedCall from "./PricedCall.ts"
import * as ReservationManager from "./ReservationManager.ts"
import { ReservationQueue } from "./ReservationQueue.ts"

/** How calls open a budget: with the tags of their fiber, and with its prices, or those of the budget if it has none. */
const openerOf = (context: BudgetContext, ownPrices: PriceTable.Prices, hasPreflight: boolean): BudgetStage.Opener => {
  return {
    budgetOf: (call, services) =>
      new OpenCallBudget(context, Context.get(services, CallOptions), CurrentPrices.of(services, ownPrices), call),
    preflight: hasPreflight
      ? (call, read, services) => PricedCall.preflight(context, CurrentPrices.of(services, ownPrices), call, read)
      : undefined
  }
}

export const make = Effect.fnUntraced(function* (
  given: BudgetOptions.Options
): Effect.fn.Return<Budget["Service"], ConfigurationError, BudgetStore | Scope.Scope> {
  // Programs in JavaScript may pass none; the missing caps are then an issue.
  const options = given ?? ({} as BudgetOptions.Options)
  const { balance, caps, thresholds = BudgetOptions.defaults.thresholds } = options
  const issues = BudgetOptions.issuesOf(options)
  if (issues.length > 0) return yield* Effect.fail(ConfigurationError.of(issues))
  const { lease = BudgetOptions.defaults.lease, timeout = BudgetOptions.defaults.timeout } = options
  const ownPrices = yield* PriceTable.PriceTable
  const prices = PriceTable.currentOrElse(ownPrices)
  const hub = new EventHub<BudgetEvent.BudgetEvent>()
  const reservations = yield* ReservationManager.make(
    yield* BudgetStore,
    {
      thresholds,
      lease: Duration.fromInputUnsafe(lease),
      timeout: Duration.fromInputUnsafe(timeout)
    },
    hub
  )
  const clock = yield* Clock.Clock
  const { timeZone = BudgetOptions.defaults.timeZone } = options
  const context: BudgetContext = {
    reservations,
    queue: new ReservationQueue(reservations, clock, BudgetOptions.waitOf(options)),
    clock,
    calendar: Day.calendarOf(Day.zoneOf(timeZone) ?? DateTime.zoneMakeOffset(0)),
    dateOf: Day.memoizedDateOf(),
    defaultOutputTokens: options.defaultOutputTokens,
    lostAttempts: options.lostAttempts ?? BudgetOptions.defaults.lostAttempts,
    isCapped: BudgetCaps.compileIsCapped(caps),
    claimsOf: BudgetCaps.compile(caps),
    preflight: balance === undefined ? () => Effect.void : yield* AccountBalance.make(balance),
    onUnknownPrice: options.onUnknownPrice ?? BudgetOptions.defaults.onUnknownPrice,
    onStoreError: options.onStoreError ?? BudgetOptions.defaults.onStoreError
  }
  const opener = openerOf(context, ownPrices, balance !== undefined)
  const checkPrice = Effect.fnUntraced(function* (call: Call) {
    yield* PricedCall.checkPrice(context, yield* CallOptions, yield* prices, call)
  })
  return {
    open: (call, read) => BudgetStage.openScoped(opener, call, read),
    reserve: (expense) => Effect.flatMap(CallOptions, (tags) => ExpenseReservation.reserve(context, tags, expense)),
    checkPrice,
    hold: (held) => Effect.flatMap(CallOptions, (tags) => LongHold.hold(context, tags, held)),
    settleHold: (id, cost) => LongHold.settle(context, id, cost),
    stage: ({ balanceOf } = {}) => BudgetStage.stage(opener, BudgetOptions.describe(options), balanceOf),
    events: hub.events,
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
    options: BudgetOptions.describe(options)
  }
})
