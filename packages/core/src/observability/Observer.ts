/**
 * Observes the calls of clients: metrics, spans, and a record of each call for
 * whoever writes them down.
 *
 * A client whose services include this one puts taps between its stages; one
 * without it is built without them and pays nothing.
 *
 * **Details**
 *
 * - Metrics go to the fiber's `Metric.MetricRegistry`, from which Prometheus
 *   and OTLP read them; spans go to the fiber's tracer. `Telemetry` names all.
 * - Nothing that is observed holds a prompt, an answer or a key unless
 *   `content` is given.
 * - What observes never fails a call: a sink that does is named in a warning.
 *
 * **Gotchas**
 *
 * - Metrics of state, such as queues and circuits, are as old as the last
 *   `collect`; the Prometheus route asks before each answer, and this layer
 *   every `interval`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Scope from "effect/Scope"
import type { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import * as Accounting from "../money/Accounting.ts"
import * as Cost from "../money/Cost.ts"
import * as Day from "../internal/Day.ts"
import * as PriceTable from "../money/PriceTable.ts"
import type { CallRecord } from "./CallRecord.ts"
import { ClientTracker } from "./internal/ClientTracker.ts"
import { CallMetrics } from "./internal/metrics/CallMetrics.ts"
import type { Stages } from "../pipeline/Pipeline.ts"
import * as CallTap from "./internal/taps/CallTap.ts"
import type * as Content from "./internal/taps/Content.ts"
import type { ResponseOrigin } from "./internal/taps/RequestAttributes.ts"
import * as StageTaps from "./internal/taps/StageTaps.ts"

export type { Options as ContentOptions } from "./internal/taps/Content.ts"
import * as InstrumentsModule from "./internal/metrics/Instruments.ts"
import { CurrentObservation } from "./internal/taps/Observation.ts"
import type { ClientServices } from "./internal/ClientServices.ts"
import * as StateMetrics from "./internal/metrics/StateMetrics.ts"

/**
 * Writes calls down.
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
  /** Called with each call that has ended, before its caller goes on. None by default. */
  readonly onCall?: ReadonlyArray<Sink> | undefined
  /** Shows prompts and answers on the spans of calls. By default nothing does. */
  readonly content?: Content.Options | undefined
  /** How often metrics of state are brought up to date. Defaults to 10 seconds. */
  readonly interval?: Duration.Input | undefined
  /** Values of each open label, such as models and tenants, that metrics tell apart. Defaults to 100. */
  readonly maxLabelValues?: number | undefined
  /** Sets of labels that each metric tells apart. Defaults to 1,000. */
  readonly maxSeries?: number | undefined
}

/**
 * What observes the clients that share it.
 *
 * @category services
 * @since 0.1.0
 */
export class Observer extends Context.Service<
  Observer,
  {
    /** What was counted. */
    readonly metrics: CallMetrics
    /** Where it is written to. */
    readonly registry: Metric.MetricRegistry
    readonly content: Content.Options | undefined
    /** Has a call written down. */
    readonly onCall: Sink
    /** The book that enters what it is told of into the metrics, and then into the given one or one of its own. */
    readonly observeAccounting: (book: Accounting.Accounting["Service"] | undefined) => Accounting.Accounting["Service"]
    /** The stages of a client, observed: its built-in ones, and those that users inserted or replaced. */
    readonly observeStages: (stages: Stages, builtIn: Stages) => Stages
    /** What observes the calls of a client around all of its stages. */
    readonly observeCalls: (origin: ResponseOrigin, options: CallTap.Options) => CallTap.CallTap
    /** Includes the state of a client in the metrics until the scope closes. */
    readonly attach: (sources: ClientServices) => Effect.Effect<void, never, Scope.Scope>
    /** Brings the metrics of state up to date. */
    readonly collect: Effect.Effect<void>
  }
>()("@kimi-effect/core/observability/Observer") {}

type AccountingService = Accounting.Accounting["Service"]

/** Enters bills into the metrics and into the call that they belong to. */
const observedAccounting = (
  calls: CallMetrics,
  prices: Effect.Effect<PriceTable.Prices>,
  book: AccountingService
): AccountingService => {
  const dateOf = Day.memoizedDateOf()
  return {
    record: (bill) =>
      Effect.flatMap(prices, (table) =>
        Effect.withFiber(({ context }) => {
          const { isBatch = false, isEstimate, model, outcome, provider, usage } = bill
          const today = dateOf(Day.numberOf(Context.get(context, Clock.Clock).currentTimeMillisUnsafe()))
          const cost = Cost.of(usage, { model, provider, day: today, isBatch }, table)
          calls.recordUsage(bill, cost)
          if (outcome !== "cached") {
            Context.get(context, CurrentObservation)?.addCost(cost._tag === "Some" ? cost.value : undefined, isEstimate)
          }
          return book.record(bill)
        })
      ),
    entries: book.entries
  }
}

const logSinkFailure =
  (sink: Sink): Sink =>
  (record) =>
    Effect.catchCause(
      Effect.suspend(() => sink(record)),
      (cause) => Effect.logWarning("A call could not be written down", cause)
    )

const build = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<Observer["Service"], ConfigurationError, Scope.Scope> {
  const { content, interval = "10 seconds", maxLabelValues, maxSeries, onCall = [] } = options
  yield* OptionRules.check("Observer", [
    OptionRules.millisecondDuration("interval", interval),
    OptionRules.positiveInteger("maxLabelValues", maxLabelValues),
    OptionRules.positiveInteger("maxSeries", maxSeries),
    [
      "onCall",
      Array.isArray(onCall) && onCall.every((sink) => typeof sink === "function"),
      "a list of functions from a record to an effect"
    ]
  ])
  const registry = yield* Metric.MetricRegistry
  const instruments = new InstrumentsModule.Instruments(registry, {
    maxLabelValues: maxLabelValues ?? InstrumentsModule.defaults.maxLabelValues,
    maxSeries: maxSeries ?? InstrumentsModule.defaults.maxSeries
  })
  const calls = new CallMetrics(instruments)
  const prices = PriceTable.currentOrElse(yield* PriceTable.PriceTable)
  const own = yield* Accounting.make
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
    registry,
    content,
    onCall: record,
    observeAccounting: (book = own) => observedAccounting(calls, prices, book),
    observeStages: (stages, builtIn) => StageTaps.observe(calls, stages, builtIn),
    observeCalls: (origin, options) => CallTap.make({ metrics: calls, content, onCall: record }, origin, options),
    attach: (services) => tracker.attach(services),
    collect
  }
})

/**
 * An observer, until the scope closes. Options that cannot be used fail it; the
 * defaults can.
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
 * Switches telemetry on for the clients that are built with it.
 *
 * @category layers
 * @since 0.1.0
 */
export function layer(): Layer.Layer<Observer>
export function layer(options: Options | undefined): Layer.Layer<Observer, ConfigurationError>
export function layer(options?: Options): Layer.Layer<Observer, ConfigurationError> {
  return Layer.effect(Observer, make(options))
}
