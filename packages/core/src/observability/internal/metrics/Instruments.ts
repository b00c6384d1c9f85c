/**
 * The metrics of `Telemetry`, with bounded sets of labels.
 *
 * An instrument is made once for every set of labels and reused. The number of
 * distinct values is limited for each unbounded attribute, and the number of
 * label sets for each metric; beyond either limit the values of unbounded
 * attributes are replaced by `other`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Metric from "effect/Metric"
import * as KimiConfig from "../../../KimiConfig.ts"
import * as Telemetry from "../../Telemetry.ts"
import { Recorder } from "./Recorder.ts"
import { Series } from "./Series.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Distinct values of each unbounded attribute, such as models and tenants. */
  readonly maxLabelValues: number
  /** Distinct label sets of each metric. */
  readonly maxSeries: number
}

/**
 * @category options
 * @since 0.1.0
 */
export const defaults: Options = {
  maxLabelValues: KimiConfig.defaults.telemetryMaxLabelValues,
  maxSeries: KimiConfig.defaults.telemetryMaxSeries
}

/**
 * The values of a metric's attributes, in the order of its definition. An
 * attribute whose value is `undefined` is omitted.
 *
 * @category models
 * @since 0.1.0
 */
export type Labels<D extends Telemetry.Metric> = LabelValues<D["attributes"]>

type LabelValues<Attributes extends ReadonlyArray<unknown>> = {
  readonly [Index in keyof Attributes]: string | undefined
}

/** A node of the trie from label values to series. A lookup allocates no key. */
interface LabelNode {
  readonly next: Map<string | undefined, LabelNode>
  series: Series | undefined
}

const makeLabelNode = (): LabelNode => ({ next: new Map(), series: undefined })

/** The series of one metric. */
class MetricFamily {
  readonly #root = makeLabelNode()
  readonly labelsBySeries = new Map<Series, ReadonlyArray<string | undefined>>()

  get(labels: ReadonlyArray<string | undefined>): Series | undefined {
    let at: LabelNode | undefined = this.#root
    for (const label of labels) {
      at = at.next.get(label)
      if (at === undefined) return undefined
    }
    return at.series
  }

  set(labels: ReadonlyArray<string | undefined>, series: Series): void {
    this.#nodeAt(labels).series = series
    this.labelsBySeries.set(series, labels)
  }

  remove(series: Series): void {
    const labels = this.labelsBySeries.get(series)
    if (labels !== undefined) this.#nodeAt(labels).series = undefined
    this.labelsBySeries.delete(series)
  }

  #nodeAt(labels: ReadonlyArray<string | undefined>): LabelNode {
    let at = this.#root
    for (const label of labels) {
      const next = at.next.get(label) ?? makeLabelNode()
      at.next.set(label, next)
      at = next
    }
    return at
  }
}

const makeMetric = (
  definition: Telemetry.Metric,
  labels: ReadonlyArray<string | undefined>
): Metric.Metric<number, unknown> => {
  // Exporters read the unit from an attribute of this name.
  const attributes: Record<string, string> = { unit: definition.unit }
  definition.attributes.forEach(({ name }, index) => {
    const value = labels[index]
    if (value !== undefined) attributes[name] = value
  })
  const options = { description: definition.description, attributes }
  switch (definition.kind) {
    case "counter":
      return Metric.counter(definition.name, { ...options, incremental: true })
    case "gauge":
      return Metric.gauge(definition.name, options)
    case "histogram":
      return Metric.histogram(definition.name, { ...options, boundaries: definition.boundaries ?? [] })
  }
}

/** A metric whose series are never removed. */
type CumulativeMetric = Telemetry.Metric & { readonly kind: "counter" | "histogram" }

/**
 * The instruments that write to one registry.
 *
 * @category models
 * @since 0.1.0
 */
export class Instruments {
  readonly #context: Context.Context<never>
  readonly #options: Options
  readonly #families = new Map<Telemetry.Metric, MetricFamily>()
  readonly #values = new Map<string, Set<string>>()

  constructor(registry: Metric.MetricRegistry, options: Options) {
    this.#context = Context.make(Metric.MetricRegistry, registry)
    this.#options = options
  }

  /** Adds to a counter, records in a histogram, or sets a gauge. */
  update<D extends Telemetry.Metric>(definition: D, value: number, labels: Labels<D>): void {
    this.#seriesOf(definition, labels).update(value)
  }

  /** An `update` for one place, where mostly the same series is updated. */
  recorder<D extends CumulativeMetric>(definition: D): Recorder<Labels<D>> {
    return new Recorder((labels) => this.#seriesOf(definition, labels))
  }

  /** A prepared `update` for a label set that is used repeatedly. */
  updater<D extends Telemetry.Metric>(definition: D, labels: Labels<D>): (value: number) => void {
    const series = this.#seriesOf(definition, labels)
    return (value) => series.update(value)
  }

  /** Replaces all series of a gauge. Series that are not among the rows are removed; rows with equal labels are summed. */
  replace<D extends Telemetry.Metric>(definition: D, rows: Iterable<readonly [Labels<D>, number]>): void {
    const sums = new Map<Series, number>()
    for (const [labels, value] of rows) {
      const series = this.#seriesOf(definition, labels)
      sums.set(series, (sums.get(series) ?? 0) + value)
    }
    const family = this.#familyOf(definition)
    for (const series of family.labelsBySeries.keys()) {
      const value = sums.get(series)
      if (value !== undefined) series.update(value)
      else {
        family.remove(series)
        series.remove()
      }
    }
  }

  #familyOf(definition: Telemetry.Metric): MetricFamily {
    const known = this.#families.get(definition)
    if (known !== undefined) return known
    const family = new MetricFamily()
    this.#families.set(definition, family)
    return family
  }

  #seriesOf(definition: Telemetry.Metric, labels: ReadonlyArray<string | undefined>): Series {
    const family = this.#familyOf(definition)
    const known = family.get(labels)
    if (known !== undefined) return known
    const bounded = labels.map((value, index) => this.#boundedLabelValue(definition.attributes[index], value))
    return this.#boundedSeries(definition, family, bounded)
  }

  /** The series of the labels, or of `other` when the metric has too many series. */
  #boundedSeries(
    definition: Telemetry.Metric,
    family: MetricFamily,
    labels: ReadonlyArray<string | undefined>
  ): Series {
    const known = family.get(labels)
    if (known !== undefined) return known
    const rest = labels.map((value, index) =>
      value !== undefined && definition.attributes[index]?.isUnbounded === true ? Telemetry.overflowValue : value
    )
    const isRest = rest.every((value, index) => value === labels[index])
    if (family.labelsBySeries.size >= this.#options.maxSeries && !isRest)
      return this.#boundedSeries(definition, family, rest)
    const series = new Series(makeMetric(definition, labels), this.#context)
    family.set(labels, series)
    return series
  }

  /** The value, or `other` when the attribute has too many. */
  #boundedLabelValue(attribute: Telemetry.Attribute | undefined, value: string | undefined): string | undefined {
    if (attribute === undefined || !attribute.isUnbounded || value === undefined) return value
    const values = this.#values.get(attribute.name) ?? new Set<string>()
    this.#values.set(attribute.name, values)
    if (values.has(value)) return value
    if (values.size >= this.#options.maxLabelValues) return Telemetry.overflowValue
    values.add(value)
    return value
  }
}
