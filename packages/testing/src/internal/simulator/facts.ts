/** The report as rows of a name and what there is to say, for the table and the page alike. */
import * as Duration from "effect/Duration"
import type { Count, LimitUse, OutageAtKey, Outcomes, Percentiles, Report } from "../../simulator/Report.ts"
import { faultNames, millis, moment, money, number, percent } from "./words.ts"

type Row = readonly [name: string, value: string]

export interface Section {
  readonly title: string
  readonly rows: ReadonlyArray<Row>
}

const outcomes = ({ calls, successRate, succeeded }: Outcomes): string =>
  `${number(succeeded)} of ${number(calls)} succeeded (${percent(successRate)})`

const counts = (byTag: ReadonlyArray<Count>): Section["rows"] =>
  byTag.map(({ count, tag }) => [`  ${tag}`, number(count)])

const percentiles = ({ count, max, p50, p95, p99 }: Percentiles): string =>
  count === 0
    ? "none"
    : `p50 ${millis(p50)}, p95 ${millis(p95)}, p99 ${millis(p99)}, at most ${millis(max)} (${number(count)} calls)`

const met = ({ attemptsAfter, attemptsBefore, from, key, openedAfter, to }: OutageAtKey): Row => {
  const opened = openedAfter === undefined ? "never opened" : `opened after ${millis(openedAfter)}`
  return [
    `  ${moment(from)} to ${moment(to)}, ${key}`,
    `${opened}; ${number(attemptsBefore)} attempts let in before, ${number(attemptsAfter)} after`
  ]
}

const use = ({ limit, name, peak }: LimitUse): Row => [
  `  ${name}`,
  `${number(peak)} of ${limit === undefined ? "no limit" : number(limit)}`
]

/** What a report says, section by section. */
export const sectionsOf = (report: Report): ReadonlyArray<Section> => {
  const { admissionWait, attempts, breaker, calls, cost, rateLimited } = report
  const faults = report.faults.map(({ from, kind, to }): Row => [
    `  ${faultNames[kind]}`,
    `${moment(from)} to ${moment(to)}`
  ])
  const perCall = calls.calls === 0 ? 0 : attempts.count / calls.calls
  const sections: ReadonlyArray<Section> = [
    {
      title: "Calls",
      rows: [
        ["all", outcomes(calls)],
        ...counts(calls.byTag),
        ["outside outages", outcomes(report.outsideOutages)],
        ...counts(report.outsideOutages.byTag)
      ]
    },
    {
      title: "Time",
      rows: [
        ["first token of streams", percentiles(report.firstToken)],
        ["whole answers", percentiles(report.total)],
        ["wait for admission", `${percentiles(admissionWait)}; ${number(admissionWait.waited)} waited`]
      ]
    },
    {
      title: "Attempts",
      rows: [
        ["at the host", `${number(attempts.count)}, ${perCall.toFixed(3)} per call`],
        ...counts(attempts.byTag),
        ["429s for limits", `${number(rateLimited.count)}, in steady state ${number(rateLimited.inSteadyState)}`]
      ]
    },
    {
      title: "Breaker",
      rows: [["openings", number(breaker.openings)], ...breaker.outages.map(met)]
    },
    {
      title: "Money",
      rows: [
        ["cost", money(cost.total, cost.currency)],
        ["of it wasted", money(cost.wasted, cost.currency)]
      ]
    },
    { title: "Most in use at the host", rows: report.host.map(use) },
    { title: "Faults", rows: faults }
  ]
  return sections.filter(({ rows }) => rows.length > 0)
}

/** The figures that are looked for first. */
export const highlightsOf = (report: Report): Section["rows"] => {
  const { attempts, breaker, calls, cost, firstToken, outsideOutages, rateLimited, total } = report
  const hasOutages = report.faults.some(({ kind }) => kind === "Outage")
  const p95 = ({ count, p95 }: Percentiles): string => (count === 0 ? "none" : millis(p95))
  return [
    [`of ${number(calls.calls)} calls succeeded`, percent(calls.successRate)],
    ...(hasOutages ? [["succeeded outside outages", percent(outsideOutages.successRate)] as const] : []),
    ["first token, p95", p95(firstToken)],
    ["whole answers, p95", p95(total)],
    ["attempts per call", calls.calls === 0 ? "none" : (attempts.count / calls.calls).toFixed(2)],
    ["429s for limits", number(rateLimited.count)],
    ["openings of circuits", number(breaker.openings)],
    ["cost", money(cost.total, cost.currency)]
  ]
}

/** What was simulated, in one line. */
export const titleOf = ({ duration, seed }: Report): string =>
  `Simulated ${Duration.format(Duration.millis(duration))}, seed ${seed}`
