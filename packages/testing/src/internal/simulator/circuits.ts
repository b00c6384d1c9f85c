/** Derives open periods and reactions to outages from the transitions of circuits. */
import type { Transition } from "@kimi-effect/core/CircuitBreaker"
import type { FaultPeriod, OpenPeriod, CircuitOutage } from "../../simulator/Report.ts"

/** Periods in which circuits were not closed, ordered by their start. Times are milliseconds from the start. */
export const openPeriodsOf = (transitions: ReadonlyArray<Transition>, start: number, end: number) => {
  const openSince = new Map<string, number>()
  const periods: Array<OpenPeriod> = []
  for (const { at, key, to } of transitions) {
    const from = openSince.get(key)
    if (to === "Closed" || to === "ForcedClosed") {
      openSince.delete(key)
      if (from !== undefined) periods.push({ key, from, to: at - start })
    } else if (from === undefined) openSince.set(key, at - start)
  }
  for (const [key, from] of openSince) periods.push({ key, from, to: Math.max(from, end) })
  return periods.toSorted((a, b) => a.from - b.from || (a.key < b.key ? -1 : 1))
}

/** An attempt at the host, by the key of its circuit and milliseconds from the start. */
export interface HostAttempt {
  readonly key: string
  readonly at: number
}

const toCircuitOutage = (
  { from, to }: FaultPeriod,
  key: string,
  moments: ReadonlyArray<number>,
  open: ReadonlyArray<OpenPeriod>
) => {
  const inside = moments.filter((at) => at >= from && at < to)
  const opening = open.find((period) => period.key === key && period.from < to && period.to > from)
  const openedAt = opening === undefined ? undefined : Math.max(from, opening.from)
  // Attempts in the millisecond of the opening were admitted before it.
  const after = openedAt === undefined ? 0 : inside.filter((at) => at > openedAt).length
  return {
    from,
    to,
    key,
    attemptsBefore: inside.length - after,
    ...(openedAt === undefined ? {} : { openedAfter: openedAt - from }),
    attemptsAfter: after
  }
}

/** The reaction of every circuit to every outage. */
export const outagesOf = (
  faults: ReadonlyArray<FaultPeriod>,
  reached: ReadonlyArray<HostAttempt>,
  open: ReadonlyArray<OpenPeriod>
): ReadonlyArray<CircuitOutage> => {
  const byKey = new Map<string, Array<number>>()
  for (const { at, key } of reached) {
    const moments = byKey.get(key)
    if (moments === undefined) byKey.set(key, [at])
    else moments.push(at)
  }
  const keys = [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return faults
    .filter(({ kind }) => kind === "Outage")
    .flatMap((outage) => keys.map(([key, moments]) => toCircuitOutage(outage, key, moments, open)))
}
