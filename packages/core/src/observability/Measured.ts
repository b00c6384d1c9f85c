/**
 * Measures any effect: how long it takes, how it ends, and how often.
 *
 * **Example**
 *
 * ```ts
 * fetchForecast(city).pipe(Measured.measured("forecast", { attributes: { region: "eu" } }))
 * ```
 *
 * **Details**
 *
 * - `<name>.duration` is a histogram in seconds and `<name>.count` a counter,
 *   both with the attribute `outcome`: `ok`, `interrupted`, `defect`, the tag of
 *   the error, or `error` where it has none.
 * - They go to the fiber's `Metric.MetricRegistry`, from which Prometheus and
 *   OTLP read them.
 *
 * **Gotchas**
 *
 * - Every outcome is a separate series. Beyond 100 outcomes of one measured
 *   effect, new ones are `other`.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import { overflowValue } from "./Telemetry.ts"
import { durationBoundaries } from "./internal/TelemetryMetrics.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options<in E = unknown> {
  /** The description of the metrics. */
  readonly description?: string | undefined
  /** Further attributes of both metrics. */
  readonly attributes?: { readonly [name: string]: string } | undefined
  /** The upper bounds of the histogram's buckets, in seconds. Defaults to those of calls, from 10 ms to 11 minutes. */
  readonly boundaries?: ReadonlyArray<number> | undefined
  /** The outcome of an error. Defaults to its tag. */
  readonly outcomeOf?: ((error: E) => string) | undefined
}

const maxOutcomes = 100

const tagOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "_tag" in error && typeof error._tag === "string"
    ? error._tag
    : "error"

/** The metrics of one outcome. */
interface Series {
  readonly duration: Metric.Metric<number, unknown>
  readonly count: Metric.Metric<number, unknown>
}

const makeSeries = (name: string, outcome: string, options: Options<never>): Series => {
  const { attributes = {}, boundaries = durationBoundaries, description } = options
  const help = description === undefined ? {} : { description }
  return {
    duration: Metric.histogram(`${name}.duration`, {
      ...help,
      // Exporters read the unit from an attribute of this name.
      attributes: { ...attributes, outcome, unit: "s" },
      boundaries
    }),
    count: Metric.counter(`${name}.count`, { ...help, attributes: { ...attributes, outcome }, incremental: true })
  }
}

/**
 * Measures an effect under a name, such as `forecast`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const measured = <E0 = unknown>(
  name: string,
  options: Options<E0> = {}
): (<A, E extends E0, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) => {
  const { outcomeOf = tagOf } = options
  const series = new Map<string, Series>()

  const seriesOf = (outcome: string): Series => {
    const bounded = series.has(outcome) || series.size < maxOutcomes ? outcome : overflowValue
    const known = series.get(bounded)
    if (known !== undefined) return known
    const made = makeSeries(name, bounded, options)
    series.set(bounded, made)
    return made
  }

  const outcomeOfExit = <A, E extends E0>(exit: Exit.Exit<A, E>): string => {
    if (Exit.isSuccess(exit)) return "ok"
    if (Cause.hasInterrupts(exit.cause)) return "interrupted"
    return Option.match(Cause.findErrorOption(exit.cause), { onNone: () => "defect", onSome: outcomeOf })
  }

  return (effect) =>
    Effect.withFiber(({ context }) => {
      const clock = Context.get(context, Clock.Clock)
      const startedAt = clock.monotonicTimeNanosUnsafe()
      return Effect.onExit(effect, (exit) =>
        Effect.sync(() => {
          const { count, duration } = seriesOf(outcomeOfExit(exit))
          duration.updateUnsafe(Number(clock.monotonicTimeNanosUnsafe() - startedAt) / 1e9, context)
          count.updateUnsafe(1, context)
        })
      )
    })
}
