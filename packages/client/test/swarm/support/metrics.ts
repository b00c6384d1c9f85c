/** The metrics of swarms. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"

/** Whether a metric is one of swarms. */
export const isOwn = (id: string): boolean => id.startsWith("kimi.swarm.")

/** The values of the metrics of swarms in a registry, as `<name> <labels>`. */
export const valuesOf = (registry: Metric.MetricRegistry): Record<string, number> => {
  const values: Record<string, number> = {}
  for (const one of Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry))) {
    if (!isOwn(one.id)) continue
    const { unit: _, ...labels } = one.attributes ?? {}
    const { state } = one as { readonly state: { readonly count?: number; readonly value?: number } }
    const value = Number(one.type === "Histogram" ? state.count : (state.value ?? state.count))
    // Sums of binary fractions.
    values[[one.id, ...Object.values(labels)].join(" ")] = Number(value.toFixed(9))
  }
  return values
}

/** Runs with separate metrics. */
export const withRegistry = <A, E, R>(use: (registry: Metric.MetricRegistry) => Effect.Effect<A, E, R>) => {
  const registry: Metric.MetricRegistry = new Map()
  return Effect.provideService(use(registry), Metric.MetricRegistry, registry)
}
