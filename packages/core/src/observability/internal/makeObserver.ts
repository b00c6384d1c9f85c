/** Makes an observer. It is loaded by the first one. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { ConfigurationError } from "../../errors/ConfigurationErrors.ts"
import * as Day from "../../internal/Day.ts"
import { listener } from "../../internal/Listener.ts"
import * as OptionRules from "../../internal/OptionRules.ts"
import * as KimiConfig from "../../KimiConfig.ts"
import * as Accounting from "../../money/Accounting.ts"
import * as Cost from "../../money/Cost.ts"
import * as CurrentPrices from "../../money/internal/CurrentPrices.ts"
import * as DirectAccounting from "../../money/internal/DirectAccounting.ts"
import * as PriceTable from "../../money/PriceTable.ts"
import type { Options, Sink } from "../Observer.ts"
import { ClientTracker } from "./ClientTracker.ts"
import { CallMetrics } from "./metrics/CallMetrics.ts"
import * as InstrumentsModule from "./metrics/Instruments.ts"
import * as StateMetrics from "./metrics/StateMetrics.ts"
import { SwarmMetrics } from "./metrics/SwarmMetrics.ts"
import type { Observer } from "./ObserverService.ts"
import * as CallTap from "./taps/CallTap.ts"
import { CurrentObservation } from "./taps/Observation.ts"
import * as StageTaps from "./taps/StageTaps.ts"

type AccountingService = Accounting.Accounting["Service"]

/** Adds the usage of attempts to the metrics and to the call that they belong to. */
const observedAccounting = (
  calls: CallMetrics,
  prices: PriceTable.Prices,
  accounting: AccountingService
): AccountingService => {
  const dateOf = Day.memoizedDateOf()
  const observe: DirectAccounting.DirectRecord = (attempt, context) => {
    const { charge, isBatch = false, isEstimate, model, outcome, provider, usage } = attempt
    const observation = Context.get(context, CurrentObservation)
    const clock = observation?.clock ?? Context.get(context, Clock.Clock)
    const today = dateOf(Day.numberOf(clock.currentTimeMillisUnsafe()))
    const cost =
      charge === undefined
        ? Cost.of(usage, { model, provider, day: today, isBatch }, CurrentPrices.of(context, prices))
        : Option.some(Cost.ofCharge(charge))
    calls.recordUsage(attempt, cost)
    if (outcome !== "cached") observation?.addCost(cost._tag === "Some" ? cost.value : undefined, isEstimate)
  }
  const recordNow = DirectAccounting.recordOf(accounting)
  if (recordNow !== undefined) {
    return DirectAccounting.make((attempt, context) => {
      observe(attempt, context)
      recordNow(attempt, context)
    }, accounting.entries)
  }
  return {
    record: (attempt) =>
      Effect.withFiber(({ context }) => {
        observe(attempt, context)
        return accounting.record(attempt)
      }),
    entries: accounting.entries
  }
}

const logSinkFailure =
  (sink: Sink): Sink =>
  (record) =>
    Effect.catchCause(listener(sink)(record), (cause) => Effect.logWarning("A sink of call records failed", cause))

export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<Observer["Service"], ConfigurationError, Scope.Scope> {
  const { content, healthChecks = [], maxLabelValues, maxSeries, onCall = [] } = options
  const { interval = KimiConfig.defaults.telemetryInterval } = options
  yield* OptionRules.check("Observer", [
    OptionRules.millisecondDuration("interval", interval),
    OptionRules.positiveInteger("maxLabelValues", maxLabelValues),
    OptionRules.positiveInteger("maxSeries", maxSeries),
    [
      "onCall",
      Array.isArray(onCall) && onCall.every((sink) => typeof sink === "function"),
      "a list of functions from a record to an effect"
    ],
    [
      "healthChecks",
      Array.isArray(healthChecks) && healthChecks.every((each) => Effect.isEffect(each?.check)),
      "a list of health checks"
    ]
  ])
  const registry = yield* Metric.MetricRegistry
  const instruments = new InstrumentsModule.Instruments(registry, {
    maxLabelValues: maxLabelValues ?? InstrumentsModule.defaults.maxLabelValues,
    maxSeries: maxSeries ?? InstrumentsModule.defaults.maxSeries
  })
  const calls = new CallMetrics(instruments)
  const prices = yield* PriceTable.PriceTable
  const ownAccounting = yield* Accounting.make
  const tracker = new ClientTracker(calls, yield* Scope.Scope)
  const collect = StateMetrics.collect(instruments, tracker.clients)
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(interval), collect)))
  const [sink, ...further] = onCall.map(logSinkFailure)
  const record: Sink = (call) => {
    if (sink === undefined) return Effect.void
    if (further.length === 0) return sink(call)
    return Effect.forEach([sink, ...further], (one) => one(call), { discard: true })
  }
  return {
    metrics: calls,
    swarms: new SwarmMetrics(instruments),
    registry,
    content,
    onCall: record,
    healthChecks,
    observeAccounting: (accounting = ownAccounting) => observedAccounting(calls, prices, accounting),
    observeStages: (stages, builtIn) => StageTaps.observe(calls, stages, builtIn),
    observeCalls: (origin, options) =>
      CallTap.make({ metrics: calls, content, onCall: sink === undefined ? undefined : record }, origin, options),
    attach: (services) => tracker.attach(services),
    collect
  }
})
