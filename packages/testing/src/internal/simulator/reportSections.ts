/** The report as sections of names and values, for the table and the page. */
import * as Duration from "effect/Duration"
import type { TagCount, LimitUsage, CircuitOutage, Outcomes, Percentiles, Report } from "../../simulator/Report.ts"
import { faultNames, formatCost, formatMillis, formatTime, formatNumber, formatPercent } from "./format.ts"

type Row = readonly [name: string, value: string]

export interface Section {
  readonly title: string
  readonly rows: ReadonlyArray<Row>
}

const formatOutcomes = ({ calls, successRate, succeeded }: Outcomes): string =>
  `${formatNumber(succeeded)} of ${formatNumber(calls)} succeeded (${formatPercent(successRate)})`

const countRows = (byTag: ReadonlyArray<TagCount>): Section["rows"] =>
  byTag.map(({ count, tag }) => [`  ${tag}`, formatNumber(count)])

const formatPercentiles = ({ count, max, p50, p95, p99 }: Percentiles): string =>
  count === 0
    ? "none"
    : `p50 ${formatMillis(p50)}, p95 ${formatMillis(p95)}, p99 ${formatMillis(p99)}, max ${formatMillis(max)} (${formatNumber(count)} calls)`

const outageRow = ({ attemptsAfter, attemptsBefore, from, key, openedAfter, to }: CircuitOutage): Row => {
  const opened = openedAfter === undefined ? "never opened" : `opened after ${formatMillis(openedAfter)}`
  return [
    `  ${formatTime(from)} to ${formatTime(to)}, ${key}`,
    `${opened}; ${formatNumber(attemptsBefore)} attempts admitted before, ${formatNumber(attemptsAfter)} after`
  ]
}

const limitRow = ({ limit, name, peak }: LimitUsage): Row => [
  `  ${name}`,
  `${formatNumber(peak)} of ${limit === undefined ? "no limit" : formatNumber(limit)}`
]

/** The sections of a report. */
export const sectionsOf = (report: Report): ReadonlyArray<Section> => {
  const { admissionWait, attempts, breaker, calls, rateLimited } = report
  const faults = report.faults.map(({ from, kind, to }): Row => [
    `  ${faultNames[kind]}`,
    `${formatTime(from)} to ${formatTime(to)}`
  ])
  const perCall = calls.calls === 0 ? 0 : attempts.count / calls.calls
  const sections: ReadonlyArray<Section> = [
    {
      title: "Calls",
      rows: [
        ["all", formatOutcomes(calls)],
        ...countRows(calls.byTag),
        ["outside outages", formatOutcomes(report.outsideOutages)],
        ...countRows(report.outsideOutages.byTag)
      ]
    },
    {
      title: "Time",
      rows: [
        ["first token of streams", formatPercentiles(report.firstToken)],
        ["whole responses", formatPercentiles(report.total)],
        ["wait for admission", `${formatPercentiles(admissionWait)}; ${formatNumber(admissionWait.waited)} waited`]
      ]
    },
    {
      title: "Attempts",
      rows: [
        ["at the host", `${formatNumber(attempts.count)}, ${perCall.toFixed(3)} per call`],
        ...countRows(attempts.byTag),
        [
          "429s for limits",
          `${formatNumber(rateLimited.count)}, in steady state ${formatNumber(rateLimited.inSteadyState)}`
        ]
      ]
    },
    {
      title: "Breaker",
      rows: [["openings", formatNumber(breaker.openings)], ...breaker.outages.map(outageRow)]
    },
    {
      title: "Money",
      rows: [
        ["cost", formatCost(report, "total")],
        ["wasted", formatCost(report, "wasted")]
      ]
    },
    { title: "Peak usage of limits", rows: report.limitUsage.map(limitRow) },
    { title: "Faults", rows: faults }
  ]
  return sections.filter(({ rows }) => rows.length > 0)
}

/** The most important figures. */
export const highlightsOf = (report: Report): Section["rows"] => {
  const { attempts, breaker, calls, firstToken, outsideOutages, rateLimited, total } = report
  const hasOutages = report.faults.some(({ kind }) => kind === "Outage")
  const p95 = ({ count, p95 }: Percentiles): string => (count === 0 ? "none" : formatMillis(p95))
  return [
    [`of ${formatNumber(calls.calls)} calls succeeded`, formatPercent(calls.successRate)],
    ...(hasOutages ? [["succeeded outside outages", formatPercent(outsideOutages.successRate)] as const] : []),
    ["first token, p95", p95(firstToken)],
    ["whole responses, p95", p95(total)],
    ["attempts per call", calls.calls === 0 ? "none" : (attempts.count / calls.calls).toFixed(2)],
    ["429s for limits", formatNumber(rateLimited.count)],
    ["circuit openings", formatNumber(breaker.openings)],
    ["cost", formatCost(report, "total")]
  ]
}

/** The title of a report or a comparison. */
export const titleOf = ({ duration, seed }: Pick<Report, "duration" | "seed">): string =>
  `Simulated ${Duration.format(Duration.millis(duration))}, seed ${seed}`
