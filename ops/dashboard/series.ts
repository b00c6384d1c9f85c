/** PromQL over the library's metrics, named by `Telemetry`. */
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

/** Selects the clients by the variables of the dashboard. */
const selector = `{job=~"$job", instance=~"$instance"}`

const nameOf = (metric: MetricName): string => PrometheusName.fromMetric(Telemetry.metrics[metric])

/** A label in queries and legends. */
const label = (name: Label): string => PrometheusName.fromAttribute(Telemetry.attributes[name])

const by = (labels: ReadonlyArray<string>): string => (labels.length === 0 ? "" : ` by (${labels.join(", ")})`)

/** The increase of a counter per second. */
export const rate = (metric: MetricNameOf<"counter">, ...labels: ReadonlyArray<Label>): string =>
  `sum${by(labels.map(label))} (rate(${nameOf(metric)}${selector}[$__rate_interval]))`

/** The increase of a counter per hour. */
export const perHour = (metric: MetricNameOf<"counter">, ...labels: ReadonlyArray<Label>): string =>
  `3600 * ${rate(metric, ...labels)}`

/** The current value of a gauge, summed over all processes. */
export const current = (metric: MetricNameOf<"gauge">, ...labels: ReadonlyArray<Label>): string =>
  `sum${by(labels.map(label))} (${nameOf(metric)}${selector})`

/** The maximum of a gauge over all processes. */
export const max = (metric: MetricNameOf<"gauge">, ...labels: ReadonlyArray<Label>): string =>
  `max${by(labels.map(label))} (${nameOf(metric)}${selector})`

/** The minimum of a gauge over all processes. */
export const min = (metric: MetricNameOf<"gauge">, ...labels: ReadonlyArray<Label>): string =>
  `min${by(labels.map(label))} (${nameOf(metric)}${selector})`

/** The sum of a gauge over the series whose label matches. */
export const matching = (
  metric: MetricNameOf<"gauge">,
  name: Label,
  values: string,
  ...labels: ReadonlyArray<Label>
): string =>
  `sum${by(labels.map(label))} (${nameOf(metric)}{${label(name)}=~"${values}", job=~"$job", instance=~"$instance"})`

/** A quantile of a histogram. */
export const quantile = (rank: number, metric: MetricNameOf<"histogram">, ...labels: ReadonlyArray<Label>): string =>
  `histogram_quantile(${rank}, sum${by(["le", ...labels.map(label)])} (rate(${nameOf(metric)}_bucket${selector}[$__rate_interval])))`

/** The mean of a histogram. */
export const mean = (metric: MetricNameOf<"histogram">, ...labels: ReadonlyArray<Label>): string => {
  const grouped = by(labels.map(label))
  const part = (suffix: string) => `sum${grouped} (rate(${nameOf(metric)}_${suffix}${selector}[$__rate_interval]))`
  return `${part("sum")} / ${part("count")}`
}

/** The fraction of a counter's increase whose label matches. */
export const ratio = (metric: MetricNameOf<"counter">, name: Label, value: string): string => {
  const increase = (match: string) =>
    `sum(rate(${nameOf(metric)}{${match}job=~"$job", instance=~"$instance"}[$__rate_interval]))`
  return `${increase(`${label(name)}=~"${value}", `)} / ${increase("")}`
}

/** A metric that lists the jobs and instances. */
export const anyMetric = nameOf("requests")

/** The legend of a query, from the labels of its series. */
export const legend = (...labels: ReadonlyArray<Label>): string => labels.map((name) => `{{${label(name)}}}`).join(" ")
