/** Parses metrics in the Prometheus text format. */
import parse from "parse-prometheus-text-format"

/** The values of a family, by the given labels. */
export const valuesOf = (text: string, name: string, ...labels: ReadonlyArray<string>) =>
  Object.fromEntries(
    parse(text)
      .filter((family) => family.name === name)
      .flatMap(({ metrics }) =>
        metrics.map((metric) => [
          labels.map((label) => metric.labels?.[label] ?? "").join(" "),
          Number(metric.value ?? metric.count)
        ])
      )
  )
