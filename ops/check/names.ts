/** Holds queries against what the library emits. */
import * as ErrorFacts from "@kimi-effect/core/ErrorFacts"
import * as PrometheusName from "@kimi-effect/core/PrometheusName"
import * as Telemetry from "@kimi-effect/core/Telemetry"
import { parseQuery } from "./promql.ts"

/** Labels that Prometheus adds to whatever it scrapes. */
const scrapeLabels: ReadonlySet<string> = new Set(["job", "instance"])

const suffixesOf = (kind: Telemetry.Metric["kind"]): ReadonlyArray<string> =>
  kind === "histogram" ? ["_bucket", "_sum", "_count"] : [""]

interface EmittedSeries {
  readonly metric: string
  readonly labels: ReadonlySet<string>
}

const all: ReadonlyArray<Telemetry.Metric> = Object.values(Telemetry.metrics)

/** Every series by its name. */
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

/** The outcomes that there are, beside those that are no errors. */
const outcomes: ReadonlySet<string> = new Set([
  "ok",
  "interrupted",
  "defect",
  "admitted",
  ...Object.keys(ErrorFacts.table)
])

/** Outcomes that a pattern names and nothing has. */
const unknownOutcomes = (values: ReadonlyArray<readonly [string, string]>): ReadonlyArray<string> =>
  values
    .filter(([label]) => label === PrometheusName.fromAttribute(Telemetry.attributes.outcome))
    .flatMap(([, pattern]) => pattern.split("|"))
    .filter((outcome) => !outcomes.has(outcome))

/** What is wrong with a query. */
export const problemsOf = (expression: string): ReadonlyArray<string> => {
  const { grouping, isValid, selectors } = parseQuery(expression)
  if (!isValid) return ["is no PromQL"]
  const known = new Set<string>(scrapeLabels)
  const found: Array<string> = []
  for (const { labels, metric, values } of selectors) {
    const emitted = series.get(metric)
    if (emitted === undefined) {
      found.push(`names ${metric}, which is not emitted`)
      continue
    }
    for (const label of emitted.labels) known.add(label)
    for (const label of labels) {
      if (!emitted.labels.has(label) && !scrapeLabels.has(label))
        found.push(`names ${label}, which ${metric} does not have`)
    }
    for (const outcome of unknownOutcomes(values)) found.push(`names the outcome ${outcome}, which there is not`)
  }
  for (const label of grouping) if (!known.has(label)) found.push(`groups by ${label}, which nothing in it has`)
  return found
}

/** The metrics that a query reads. */
export const metricsOf = (expression: string): ReadonlyArray<string> =>
  parseQuery(expression).selectors.flatMap(({ metric }) => series.get(metric)?.metric ?? [])
