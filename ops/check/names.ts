/** Checks queries against the telemetry of the library. */
import * as ErrorFacts from "@kimi-effect/core/ErrorFacts"
import * as PrometheusName from "@kimi-effect/core/PrometheusName"
import * as Telemetry from "@kimi-effect/core/Telemetry"
import { parseQuery } from "./promql.ts"

/** Labels that Prometheus adds when it scrapes. */
const scrapeLabels: ReadonlySet<string> = new Set(["job", "instance"])

const suffixesOf = (kind: Telemetry.Metric["kind"]): ReadonlyArray<string> =>
  kind === "histogram" ? ["_bucket", "_sum", "_count"] : [""]

interface EmittedSeries {
  readonly metric: string
  readonly labels: ReadonlySet<string>
}

const all: ReadonlyArray<Telemetry.Metric> = Object.values(Telemetry.metrics)

/** Every series, by name. */
export const series: ReadonlyMap<string, EmittedSeries> = new Map(
  all.flatMap((definition) => {
    const metric = PrometheusName.fromMetric(definition)
    const labels = definition.attributes.map(PrometheusName.fromAttribute)
    return suffixesOf(definition.kind).map((suffix) => [
      `${metric}${suffix}`,
      { metric, labels: new Set([...labels, ...(suffix === "_bucket" ? ["le"] : [])]) }
    ])
  })
)

/** The names of all metrics. */
export const metrics: ReadonlySet<string> = new Set([...series.values()].map(({ metric }) => metric))

/** All outcomes: error tags, and those that are not errors. */
const outcomes: ReadonlySet<string> = new Set([
  "ok",
  "interrupted",
  "defect",
  "admitted",
  ...Object.keys(ErrorFacts.table)
])

/** Outcomes in a pattern that do not exist. */
const unknownOutcomes = (values: ReadonlyArray<readonly [string, string]>): ReadonlyArray<string> =>
  values
    .filter(([label]) => label === PrometheusName.fromAttribute(Telemetry.attributes.outcome))
    .flatMap(([, pattern]) => pattern.split("|"))
    .filter((outcome) => !outcomes.has(outcome))

/** The problems of a query. */
export const problemsOf = (expression: string): ReadonlyArray<string> => {
  const { grouping, isValid, selectors } = parseQuery(expression)
  if (!isValid) return ["is not valid PromQL"]
  const known = new Set<string>(scrapeLabels)
  const found: Array<string> = []
  for (const { labels, metric, values } of selectors) {
    const emitted = series.get(metric)
    if (emitted === undefined) {
      found.push(`uses ${metric}, which does not exist`)
      continue
    }
    for (const label of emitted.labels) known.add(label)
    for (const label of labels) {
      if (!emitted.labels.has(label) && !scrapeLabels.has(label))
        found.push(`uses the label ${label}, which ${metric} does not have`)
    }
    for (const outcome of unknownOutcomes(values)) found.push(`uses the outcome ${outcome}, which does not exist`)
  }
  for (const label of grouping) if (!known.has(label)) found.push(`groups by ${label}, which none of its metrics has`)
  return found
}

/** The metrics that a query reads. */
export const metricsOf = (expression: string): ReadonlyArray<string> =>
  parseQuery(expression).selectors.flatMap(({ metric }) => series.get(metric)?.metric ?? [])
