/** PromQL over the library's metrics, with names that `Telemetry` alone says. */
import * as PrometheusName from "@kimi-effect/core/PrometheusName"
import * as Telemetry from "@kimi-effect/core/Telemetry"

type Metrics = typeof Telemetry.metrics
type MetricName = keyof Metrics
type KindOf<Name extends MetricName> = Metrics[Name]["kind"]

/** Metrics of one kind. */
export type MetricNameOf<Kind extends Telemetry.Metric["kind"]> = {
  [Name in MetricName]: KindOf<Name> extends Kind ? Name : never
}[MetricName]

/** The attributes of a metric, by their names in `Telemetry.attributes`. */
export type Label = keyof typeof Telemetry.attributes

/** Which clients the dashboard shows: variables that everybody may set. */
const selector = `{job=~"$job", instance=~"$instance"}`

const nameOf = (metric: MetricName): string => PrometheusName.fromMetric(Telemetry.metrics[metric])

/** A label as queries and legends write it. */
export const label = (name: Label): string => PrometheusName.fromAttribute(Telemetry.attributes[name])

const by = (labels: ReadonlyArray<string>): string => (labels.length === 0 ? "" : ` by (${labels.join(", ")})`)

/** What a counter grows by in a second. */
export const rate = (metric: MetricNameOf<"counter">, ...labels: ReadonlyArray<Label>): string =>
  `sum${by(labels.map(label))} (rate(${nameOf(metric)}${selector}[$__rate_interval]))`

/** What a counter grows by in an hour. */
export const perHour = (metric: MetricNameOf<"counter">, ...labels: ReadonlyArray<Label>): string =>
  `3600 * ${rate(metric, ...labels)}`

/** What a gauge says now. */
export const current = (metric: MetricNameOf<"gauge">, ...labels: ReadonlyArray<Label>): string =>
  `sum${by(labels.map(label))} (${nameOf(metric)}${selector})`

/** A gauge of which the highest of all processes counts. */
export const max = (metric: MetricNameOf<"gauge">, ...labels: ReadonlyArray<Label>): string =>
  `max${by(labels.map(label))} (${nameOf(metric)}${selector})`

/** A gauge of which the lowest of all processes counts. */
export const min = (metric: MetricNameOf<"gauge">, ...labels: ReadonlyArray<Label>): string =>
  `min${by(labels.map(label))} (${nameOf(metric)}${selector})`

/** What a gauge says of the values of a label that match. */
export const matching = (metric: MetricNameOf<"gauge">, name: Label, values: string): string =>
  `sum (${nameOf(metric)}{${label(name)}=~"${values}", job=~"$job", instance=~"$instance"})`

/** A quantile of a histogram. */
export const quantile = (part: number, metric: MetricNameOf<"histogram">, ...labels: ReadonlyArray<Label>): string =>
  `histogram_quantile(${part}, sum${by(["le", ...labels.map(label)])} (rate(${nameOf(metric)}_bucket${selector}[$__rate_interval])))`

/** The mean of a histogram. */
export const mean = (metric: MetricNameOf<"histogram">, ...labels: ReadonlyArray<Label>): string => {
  const grouped = by(labels.map(label))
  const part = (suffix: string) => `sum${grouped} (rate(${nameOf(metric)}_${suffix}${selector}[$__rate_interval]))`
  return `${part("sum")} / ${part("count")}`
}

/** The part of a counter's growth that has a value of a label. */
export const ratio = (metric: MetricNameOf<"counter">, name: Label, value: string): string => {
  const growth = (match: string) =>
    `sum(rate(${nameOf(metric)}{${match}job=~"$job", instance=~"$instance"}[$__rate_interval]))`
  return `${growth(`${label(name)}=~"${value}", `)} / ${growth("")}`
}

/** The metric that tells which jobs and instances there are. */
export const anyMetric = nameOf("requests")
