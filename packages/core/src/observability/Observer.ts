/**
 * Observes the calls of clients: metrics, spans, and a record of each call for
 * logs and audits.
 *
 * A client whose context includes this service has taps around its stages; one
 * without it is built without them, at no cost.
 *
 * **Details**
 *
 * - Metrics are written to the fiber's `Metric.MetricRegistry`, from which
 *   Prometheus and OTLP read them, and spans to the fiber's tracer. `Telemetry`
 *   lists all of them.
 * - Metrics, spans and records hold no prompt, response or key unless `content`
 *   is given.
 * - Observation never fails a call: a sink that fails is logged as a warning.
 *
 * **Gotchas**
 *
 * - State metrics, such as queues and circuits, are updated by `collect`. The
 *   Prometheus route runs it before each response, and this layer every
 *   `interval`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import type { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import * as Option from "effect/Option"
import { listener } from "../internal/Listener.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import * as KimiConfig from "../KimiConfig.ts"
import * as Accounting from "../money/Accounting.ts"
import * as Cost from "../money/Cost.ts"
import * as CurrentPrices from "../money/internal/CurrentPrices.ts"
import * as DirectAccounting from "../money/internal/DirectAccounting.ts"
import * as Day from "../internal/Day.ts"
import * as PriceTable from "../money/PriceTable.ts"
import type { CallRecord } from "./CallRecord.ts"
import type { HealthCheck } from "./internal/health/HealthCheck.ts"
import { ClientTracker } from "./internal/ClientTracker.ts"
import { CallMetrics } from "./internal/metrics/CallMetrics.ts"
import * as CallTap from "./internal/taps/CallTap.ts"
import type * as Content from "./internal/taps/Content.ts"
import * as StageTaps from "./internal/taps/StageTaps.ts"
import * as InstrumentsModule from "./internal/metrics/Instruments.ts"
import { CurrentObservation } from "./internal/taps/Observation.ts"
import { redactSecrets } from "./internal/logging/Secrets.ts"
import { SwarmMetrics } from "./internal/metrics/SwarmMetrics.ts"
import * as StateMetrics from "./internal/metrics/StateMetrics.ts"
import { Observer } from "./internal/ObserverService.ts"

export { Observer } from "./internal/ObserverService.ts"
export type { Options as ContentOptions } from "./internal/taps/Content.ts"

/**
 * Receives the record of each call.
 *
 * @category models
 * @since 0.1.0
 */
export type Sink = (record: CallRecord) => Effect.Effect<void>

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Runs for each call that has ended, before its caller continues. None by default. */
  readonly onCall?: ReadonlyArray<Sink> | undefined
  /** Checks of what `onCall` writes to, which the health of each client includes. None by default. */
  readonly healthChecks?: ReadonlyArray<HealthCheck> | undefined
  /** Adds prompts and responses to the spans of calls. Off by default. */
  readonly content?: Content.Options | undefined
  /** How often state metrics are updated. Defaults to 10 seconds. */
  readonly interval?: Duration.Input | undefined
  /** Distinct values of each unbounded label, such as models and tenants. Further ones are `other`. Defaults to 100. */
  readonly maxLabelValues?: number | undefined
  /** Distinct sets of labels of each metric. Defaults to 1,000. */
  readonly maxSeries?: number | undefined
}

/**
 * The options that a configuration gives an observer. Where content is shown,
 * the API key and what looks like a secret are redacted and nothing else is.
 *
 * @category options
 * @since 0.1.0
 */
export const optionsFromConfig = (config: KimiConfig.Values): Options => {
  const { apiKey, telemetryContent, telemetryContentLength } = config
  const secret = apiKey === undefined ? "" : Redacted.value(apiKey)
  const redact = (text: string) => redactSecrets(secret === "" ? text : text.replaceAll(secret, "<redacted>"))
  return {
    content: telemetryContent ? { redact, maxLength: telemetryContentLength } : undefined,
    interval: config.telemetryInterval,
    maxLabelValues: config.telemetryMaxLabelValues,
    maxSeries: config.telemetryMaxSeries
  }
}

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

const build = Effect.fnUntraced(function* (
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

/**
 * Makes an observer that runs until the scope closes. Fails with a
 * `ConfigurationError` for invalid options; the defaults are valid.
 *
 * @category constructors
 * @since 0.1.0
 */
export function make(): Effect.Effect<Observer["Service"], never, Scope.Scope>
export function make(options: Options | undefined): Effect.Effect<Observer["Service"], ConfigurationError, Scope.Scope>
export function make(options: Options = {}): Effect.Effect<Observer["Service"], ConfigurationError, Scope.Scope> {
  return build(options)
}

/**
 * Switches on telemetry for the clients that are built with it.
 *
 * @category layers
 * @since 0.1.0
 */
export function layer(): Layer.Layer<Observer>
export function layer(options: Options | undefined): Layer.Layer<Observer, ConfigurationError>
export function layer(options?: Options): Layer.Layer<Observer, ConfigurationError> {
  return OptionRules.layerOf("Observer", options, (options) => Layer.effect(Observer, make(options)))
}
