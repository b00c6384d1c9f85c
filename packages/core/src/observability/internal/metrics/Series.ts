/**
 * One series of a registry: a metric with its label values.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Metric from "effect/Metric"

type Metadata = Metric.Metric.Metadata<number, unknown>

/**
 * A series that is updated without a search for its registry and its key, which
 * take most of the time of `Metric.update`.
 *
 * The registry owns the series, as it does for `Metric.update`: one that was
 * removed from it begins again with the next update.
 *
 * @category models
 * @since 0.1.0
 */
export class Series {
  readonly #metric: Metric.Metric<number, unknown>
  readonly #context: Context.Context<never>
  readonly #registry: Metric.MetricRegistry
  /** Of the registry. No metric has an empty one. */
  #key = ""

  /** `context` has the registry. */
  constructor(metric: Metric.Metric<number, unknown>, context: Context.Context<never>) {
    this.#metric = metric
    this.#context = context
    this.#registry = Context.get(context, Metric.MetricRegistry)
  }

  /** Adds to a counter, records in a histogram, or sets a gauge. */
  update(value: number): void {
    const metadata: Metadata = this.#registry.get(this.#key) ?? this.#register()
    metadata.hooks.update(value, this.#context)
  }

  /** Removes the series from the registry. */
  remove(): void {
    Metric.removeUnsafe(this.#metric, this.#context)
  }

  #register(): Metadata {
    // Only a registry has the key of a metric, and that of this metric alone has no other.
    const own: Metric.MetricRegistry = new Map()
    this.#metric.valueUnsafe(Context.make(Metric.MetricRegistry, own))
    for (const [key, metadata] of own) {
      this.#key = key
      const registered = this.#registry.get(key)
      if (registered !== undefined) return registered
      this.#registry.set(key, metadata)
      return metadata
    }
    throw new Error("A metric that was read is in its registry")
  }
}
