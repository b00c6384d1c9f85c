/** Builds the report from the recorded events. */
import * as BigDecimal from "effect/BigDecimal"
import type { RateLimits } from "@kimi-effect/core/RateLimits"
import type { Period } from "../../simulator/FaultScript.ts"
import type { Bucket, TagCount, FaultPeriod, LimitUsage, Outcomes, Report } from "../../simulator/Report.ts"
import type { Attempt } from "../../simulator/VirtualHost.ts"
import { type TotalCost, totalCostOf, format } from "./totalCost.ts"
import { openPeriodsOf, outagesOf } from "./circuits.ts"
import type { Peaks } from "./HostLimits.ts"
import { percentilesOf } from "./percentiles.ts"
import type { RecordedCall, Recorder } from "./Recorder.ts"

/** Inputs of the report in addition to the recorded events. */
export interface ReportInputs {
  readonly seed: string
  /** Unix milliseconds. */
  readonly start: number
  readonly duration: number
  readonly stages: string
  readonly provider: string
  readonly limits: RateLimits
  readonly periods: ReadonlyArray<Period>
  readonly peaks: Peaks
}

/** 15 minutes of a day each. */
const bucketCount = 96

const round = (share: number): number => Math.round(share * 1e6) / 1e6

const countsOf = (tags: Iterable<string>): ReadonlyArray<TagCount> => {
  const counts = new Map<string, number>()
  for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1)
  return [...counts]
    .map(([tag, count]) => ({ tag, count }))
    .toSorted((a, b) => b.count - a.count || (a.tag < b.tag ? -1 : 1))
}

const isSuccess = ({ outcome }: { readonly outcome: string }): boolean => outcome === "Success"

const outcomesOf = (calls: ReadonlyArray<RecordedCall>): Outcomes => {
  const succeeded = calls.filter(isSuccess).length
  return {
    calls: calls.length,
    succeeded,
    successRate: calls.length === 0 ? 1 : round(succeeded / calls.length),
    byTag: countsOf(calls.map(({ outcome }) => outcome))
  }
}

const isAffected = ({ arrivedAt, endedAt }: RecordedCall, { from, to }: FaultPeriod): boolean =>
  arrivedAt < to && endedAt >= from

const isRateLimited = ({ outcome }: Attempt): boolean => outcome === "RateLimitError" || outcome === "DailyLimitError"

const firstTokens = (calls: ReadonlyArray<RecordedCall>): ReadonlyArray<number> =>
  calls.flatMap(({ arrivedAt, firstContentAt }) => (firstContentAt === undefined ? [] : [firstContentAt - arrivedAt]))

const totals = (calls: ReadonlyArray<RecordedCall>): ReadonlyArray<number> =>
  calls.filter(isSuccess).map(({ arrivedAt, endedAt }) => endedAt - arrivedAt)

const waits = (calls: ReadonlyArray<RecordedCall>): ReadonlyArray<number> =>
  calls.flatMap(({ arrivedAt, firstAttemptAt }) => (firstAttemptAt === undefined ? [] : [firstAttemptAt - arrivedAt]))

/** Splits items into equal parts of the time. Items after the end are in the last part. */
const splitByTime = <A>(items: ReadonlyArray<A>, millis: number, at: (item: A) => number): ReadonlyArray<Array<A>> => {
  const parts = Array.from({ length: bucketCount }, (): Array<A> => [])
  for (const item of items) parts[Math.min(bucketCount - 1, Math.floor(at(item) / millis))]?.push(item)
  return parts
}

const dayOf = (millis: number): string => new Date(millis).toISOString().slice(0, 10)

const limitUsages = (limits: RateLimits, peaks: Peaks): ReadonlyArray<LimitUsage> => {
  const use = (name: LimitUsage["name"], limit: number | undefined, peak: number): LimitUsage =>
    limit === undefined ? { name, peak } : { name, limit, peak }
  return [
    use("concurrency", limits.concurrency, peaks.concurrency),
    use("requests per minute", limits.requestsPerMinute, peaks.requestsInMinute),
    use("tokens per minute", limits.tokensPerMinute, peaks.tokensInMinute),
    use("tokens per day", limits.tokensPerDay, peaks.tokensInDay)
  ]
}

/** Summarizes the events of a simulation. */
export const summarize = ({ attempts, calls, transitions }: Recorder, inputs: ReportInputs): Report => {
  const { duration, limits, peaks, periods, provider, seed, stages, start } = inputs
  const faults = periods.map(({ fault, from, to }): FaultPeriod => ({ kind: fault._tag, from, to }))
  const outages = faults.filter(({ kind }) => kind === "Outage")
  const millis = duration / bucketCount
  const callParts = splitByTime(calls, millis, ({ arrivedAt }) => arrivedAt)
  const attemptParts = splitByTime(attempts, millis, ({ startedAt }) => startedAt - start)
  const costs: Array<TotalCost> = []
  const buckets = callParts.map((part, index): Bucket => {
    const made = attemptParts[index] ?? []
    const from = Math.round(index * millis)
    const total = totalCostOf(made, provider, dayOf(start + from))
    costs.push(total)
    return {
      from,
      calls: part.length,
      succeeded: part.filter(isSuccess).length,
      attempts: made.length,
      rateLimited: made.filter(isRateLimited).length,
      firstToken: percentilesOf(firstTokens(part)),
      total: percentilesOf(totals(part)),
      admissionWait: percentilesOf(waits(part)),
      cost: format(total.amount)
    }
  })
  const wasted = attemptParts.map((part, index) =>
    totalCostOf(
      part.filter((attempt) => !isSuccess(attempt)),
      provider,
      dayOf(start + Math.round(index * millis))
    )
  )
  const sum = (parts: ReadonlyArray<TotalCost>): string => format(BigDecimal.sumAll(parts.map(({ amount }) => amount)))
  const currency = costs.find(({ currency }) => currency !== undefined)?.currency
  const refused = attempts.filter(isRateLimited)
  const isSteady = ({ startedAt }: Attempt): boolean =>
    faults.every(({ from, to }) => startedAt - start < from || startedAt - start >= to)
  const waited = waits(calls)
  const end = Math.max(duration, ...outages.map(({ to }) => to))
  const openPeriods = openPeriodsOf(transitions, start, end)
  const reached = attempts.map(({ model, startedAt }) => ({ key: `${provider}/${model}`, at: startedAt - start }))
  return {
    seed,
    start: new Date(start).toISOString(),
    duration,
    stages,
    faults,
    calls: outcomesOf(calls),
    outsideOutages: outcomesOf(calls.filter((call) => !outages.some((outage) => isAffected(call, outage)))),
    attempts: { count: attempts.length, byTag: countsOf(attempts.map(({ outcome }) => outcome)) },
    rateLimited: { count: refused.length, inSteadyState: refused.filter(isSteady).length },
    firstToken: percentilesOf(firstTokens(calls)),
    total: percentilesOf(totals(calls)),
    admissionWait: { ...percentilesOf(waited), waited: waited.filter((wait) => wait > 0).length },
    breaker: {
      openings: transitions.filter(({ from, to }) => from === "Closed" && to === "Open").length,
      openPeriods,
      outages: outagesOf(faults, reached, openPeriods)
    },
    cost: { ...(currency === undefined ? {} : { currency }), total: sum(costs), wasted: sum(wasted) },
    limitUsage: limitUsages(limits, peaks),
    buckets
  }
}
