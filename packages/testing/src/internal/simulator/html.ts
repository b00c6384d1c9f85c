/** A report or a comparison as a page. */
import type { FaultPeriod, Percentiles, Report } from "../../simulator/Report.ts"
import type { Comparison } from "../../simulator/Comparison.ts"
import * as Chart from "./chart.ts"
import { rowsOf } from "./comparisonRows.ts"
import { page } from "./htmlPage.ts"
import { highlightsOf, sectionsOf, titleOf } from "./reportSections.ts"
import { faultNames } from "./format.ts"

const legend = (faults: ReadonlyArray<FaultPeriod>): string => {
  const kinds = [...new Set(faults.map(({ kind }) => kind))].toSorted()
  return kinds.length === 0
    ? ""
    : `<p>Shaded:${kinds
        .map((kind) => ` <span class="key"><i class="fault ${kind}"></i>${faultNames[kind]}</span>`)
        .join("")}</p>`
}

const tables = (report: Report): string =>
  sectionsOf(report)
    .map(({ rows, title }) => {
      const lines = rows.map(([name, value]) => {
        const scope = name.startsWith(" ") ? ' class="sub"' : ""
        return `<tr><th scope="row"${scope}>${Chart.escapeHtml(name.trim())}</th><td>${Chart.escapeHtml(value)}</td></tr>`
      })
      return `<h2>${Chart.escapeHtml(title)}</h2><table>${lines.join("")}</table>`
    })
    .join("\n")

const highlights = (report: Report): string => {
  const figures = highlightsOf(report).map(
    ([name, value]) => `<div><dt>${Chart.escapeHtml(name)}</dt><dd>${Chart.escapeHtml(value)}</dd></div>`
  )
  return `<dl>${figures.join("")}</dl>`
}

type Bucket = Report["buckets"][number]

/** A percentile of each bucket in seconds; absent where nothing was measured. */
const seconds = (
  { buckets }: Report,
  of: (bucket: Bucket) => Percentiles,
  rank: "p50" | "p95" | "max"
): Chart.Series["values"] => buckets.map((bucket) => (of(bucket).count === 0 ? undefined : of(bucket)[rank] / 1_000))

const charts = (report: Report): ReadonlyArray<string> => {
  const { breaker, buckets, cost, duration, faults } = report
  const frame = (id: string, title: string): Chart.Frame => ({ id, title, duration, faults })
  const of = (value: (bucket: Bucket) => number): ReadonlyArray<number> => buckets.map(value)
  return [
    Chart.bars(frame("calls", "Calls by arrival"), [
      { name: "succeeded", color: "a", values: of(({ succeeded }) => succeeded) },
      { name: "failed", color: "bad", values: of(({ calls, succeeded }) => calls - succeeded) }
    ]),
    Chart.lines(frame("first", "First token of streams, seconds"), [
      { name: "median", color: "a", values: seconds(report, ({ firstToken }) => firstToken, "p50") },
      { name: "95th percentile", color: "b", values: seconds(report, ({ firstToken }) => firstToken, "p95") }
    ]),
    Chart.bars(frame("attempts", "Attempts at the host"), [
      { name: "attempts", color: "a", values: of(({ attempts }) => attempts) }
    ]),
    Chart.bars(frame("limited", "429s for the account's limits"), [
      { name: "429s", color: "bad", values: of(({ rateLimited }) => rateLimited) }
    ]),
    Chart.timeline(
      frame("breaker", "Circuits that were open or half-open"),
      breaker.openPeriods.map(({ from, key, to }) => ({ label: key, from, to }))
    ),
    Chart.lines(frame("admission", "Wait for admission, seconds"), [
      { name: "95th percentile", color: "a", values: seconds(report, ({ admissionWait }) => admissionWait, "p95") },
      { name: "longest", color: "b", values: seconds(report, ({ admissionWait }) => admissionWait, "max") }
    ]),
    Chart.bars(frame("cost", `Cost, ${cost.currency ?? "price unknown"}`), [
      { name: "cost", color: "a", values: of((bucket) => Number(bucket.cost)) }
    ])
  ]
}

/** The rows of a comparison as a table, and the waits of each configuration over the simulated time. */
const comparisonBody = (comparison: Comparison): string => {
  const { configurations } = comparison
  const names = configurations.map(({ name }) => `<th scope="col">${Chart.escapeHtml(name)}</th>`).join("")
  const rows = rowsOf(comparison).map(({ name, values }) => {
    const cells = values.map((value) => `<td>${Chart.escapeHtml(value)}</td>`).join("")
    return `<tr><th scope="row">${Chart.escapeHtml(name)}</th>${cells}</tr>`
  })
  const waits = configurations.map(({ name, report }, index) =>
    Chart.lines(
      {
        id: `admission${index}`,
        title: `Wait for admission with ${name}, seconds`,
        duration: report.duration,
        faults: report.faults
      },
      [{ name: "95th percentile", color: "a", values: seconds(report, ({ admissionWait }) => admissionWait, "p95") }]
    )
  )
  return `<table class="compared"><thead><tr><th></th>${names}</tr></thead><tbody>${rows.join("")}</tbody></table>
${waits.join("\n")}`
}

/**
 * Formats a report or a comparison as one self-contained HTML page with charts
 * over the simulated time.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toHtml = (result: Report | Comparison): string => {
  if ("configurations" in result) return page(titleOf(result), result.start, comparisonBody(result))
  return page(
    titleOf(result),
    result.start,
    `${highlights(result)}
${legend(result.faults)}
${charts(result).join("\n")}
${tables(result)}
<h2>The client</h2>
<pre>${Chart.escapeHtml(result.stages)}</pre>`
  )
}
