/** The figures of a comparison: one row for each figure, with one value for each configuration. */
import { currencySymbols } from "@kimi-effect/core/internal/CurrencySymbols"
import type { Comparison } from "../../simulator/Comparison.ts"
import type { LimitUsage, Percentiles, Report } from "../../simulator/Report.ts"
import { formatCost, formatMillis, formatNumber, formatPercent } from "./format.ts"

export interface ComparisonRow {
  readonly name: string
  readonly values: ReadonlyArray<string>
}

type Figure = readonly [name: string, of: (report: Report) => string]

const percentile =
  (of: (report: Report) => Percentiles, rank: "p50" | "p95" | "max") =>
  (report: Report): string => {
    const percentiles = of(report)
    return percentiles.count === 0 ? "none" : formatMillis(percentiles[rank])
  }

const costPerSuccess = ({ calls, cost }: Report): string => {
  if (cost.currency === undefined || calls.succeeded === 0) return "none"
  return `${currencySymbols[cost.currency]}${(Number(cost.total) / calls.succeeded).toPrecision(3)}`
}

const failures = ({ calls }: Report): string =>
  calls.byTag
    .filter(({ tag }) => tag !== "Success")
    .slice(0, 2)
    .map(({ count, tag }) => `${formatNumber(count)} ${tag}`)
    .join(", ") || "none"

const limitFigure = (name: LimitUsage["name"]): Figure => [
  `peak of ${name}`,
  ({ limitUsage }) => {
    const usage = limitUsage.find((one) => one.name === name)
    if (usage === undefined) return "none"
    if (usage.limit === undefined) return formatNumber(usage.peak)
    return `${formatNumber(usage.peak)} of ${formatNumber(usage.limit)} (${((usage.peak / usage.limit) * 100).toFixed(0)} %)`
  }
]

const figures: ReadonlyArray<Figure> = [
  ["calls that succeed", ({ calls }) => formatPercent(calls.successRate)],
  ["most frequent failures", failures],
  ["cost", (report) => formatCost(report, "total")],
  ["cost of failed attempts", (report) => formatCost(report, "wasted")],
  ["cost of a successful call", costPerSuccess],
  ["calls that wait for admission", ({ admissionWait }) => formatNumber(admissionWait.waited)],
  ["wait for admission, p95", percentile(({ admissionWait }) => admissionWait, "p95")],
  ["wait for admission, max", percentile(({ admissionWait }) => admissionWait, "max")],
  ["first token, p95", percentile(({ firstToken }) => firstToken, "p95")],
  ["whole responses, p50", percentile(({ total }) => total, "p50")],
  ["whole responses, p95", percentile(({ total }) => total, "p95")],
  ["attempts", ({ attempts }) => formatNumber(attempts.count)],
  ["429s for limits", ({ rateLimited }) => formatNumber(rateLimited.count)],
  limitFigure("concurrency"),
  limitFigure("requests per minute"),
  limitFigure("tokens per minute"),
  limitFigure("tokens per day")
]

export const rowsOf = ({ configurations }: Comparison): ReadonlyArray<ComparisonRow> =>
  figures.map(([name, of]) => ({ name, values: configurations.map(({ report }) => of(report)) }))
