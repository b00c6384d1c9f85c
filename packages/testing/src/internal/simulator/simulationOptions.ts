/** The options of a simulation with their defaults, and what is wrong with them. */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as Random from "effect/Random"
import type { Options } from "../../Simulator.ts"
import * as FaultScript from "../../simulator/FaultScript.ts"
import * as Traffic from "../../simulator/Traffic.ts"
import * as VirtualHost from "../../simulator/VirtualHost.ts"
import { defaultStart } from "./defaultStart.ts"

type Issue = ConfigurationError["issues"][number]

type AnyTraffic = Options["traffic"]

const isRecorded = (traffic: AnyTraffic): traffic is Traffic.RecordedTraffic => typeof traffic.calls !== "number"

/** The start of the simulated time. */
export const startOf = ({ start, traffic }: Options<unknown>): number => {
  if (start !== undefined) return Date.parse(start)
  return isRecorded(traffic) ? (traffic.calls[0]?.startedAt ?? defaultStart) : defaultStart
}

/** The time in which calls arrive, in milliseconds. */
export const durationOf = ({ duration, traffic }: Options<unknown>): number => {
  if (duration !== undefined || !isRecorded(traffic)) return Duration.toMillis(duration ?? "24 hours")
  const [first, last] = [traffic.calls[0], traffic.calls.at(-1)]
  return first === undefined || last === undefined ? 1 : last.startedAt - first.startedAt + 1
}

/** The calls within the time. */
export const arrivalsOf = (
  traffic: AnyTraffic,
  duration: number,
  random: Random.Random
): ReadonlyArray<Traffic.Arrival> =>
  isRecorded(traffic)
    ? Traffic.arrivalsOfRecorded(traffic).filter(({ at }) => at < duration)
    : Traffic.arrivals(traffic, duration, random)

const timeIssues = ({ duration, start }: Options<unknown>): ReadonlyArray<Issue> => {
  const issues: Array<Issue> = []
  if (duration !== undefined) {
    const millis = Option.getOrUndefined(Option.map(Duration.fromInput(duration), Duration.toMillis))
    if (millis === undefined || !(millis > 0) || !Number.isFinite(millis)) {
      issues.push({ name: "duration", expected: "a finite duration over zero" })
    }
  }
  if (start !== undefined && !Number.isFinite(Date.parse(start))) {
    issues.push({ name: "start", expected: "a date and time in ISO 8601" })
  }
  return issues
}

/** All issues of the options. */
export const issuesOf = (options: Options<unknown>): ReadonlyArray<Issue> => {
  const { faults = [], host = {}, traffic } = options
  const issues: Array<Issue> = isRecorded(traffic)
    ? []
    : Traffic.issuesOf(traffic).map(([name, expected]) => ({ name: `traffic.${name}`, expected }))
  for (const [index, fault] of faults.entries()) {
    const problem = FaultScript.issueOf(fault)
    if (problem !== undefined) issues.push({ name: `faults[${index}].${problem[0]}`, expected: problem[1] })
  }
  for (const [name, expected] of VirtualHost.issuesOf(host)) issues.push({ name: `host.${name}`, expected })
  return [...issues, ...timeIssues(options)]
}

/** The issues of the names of configurations. */
export const configurationIssues = (names: ReadonlyArray<string>): ReadonlyArray<Issue> => {
  if (names.length === 0) return [{ name: "configurations", expected: "at least one configuration" }]
  return names.flatMap((name, index) =>
    name !== "" && names.indexOf(name) === index
      ? []
      : [{ name: `configurations[${index}].name`, expected: "a name that no other configuration has" }]
  )
}
