/**
 * The times and kinds of a host's faults, as data. Periods may overlap; their
 * effects add up.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import type * as ConnectionFault from "../Fault.ts"

/**
 * The errors of attempts that fail at random, each with its weight.
 *
 * @category models
 * @since 0.1.0
 */
export interface FailureMix {
  /** HTTP 500 instead of the first token. */
  readonly ServerError?: number
  /** HTTP 503 immediately. */
  readonly ServiceUnavailableError?: number
  /** Kimi's 429 for an overloaded engine, immediately. */
  readonly OverloadedError?: number
  /** The connection is lost instead of the first token. The host may bill the prompt. */
  readonly ConnectionLostError?: number
  /** The connection is lost within the response. */
  readonly StreamInterruptedError?: number
}

/** A period of the simulated time. */
interface FaultTiming {
  /** Start of the period, from the start of the simulation. */
  readonly after: Duration.Input
  readonly duration: Duration.Input
}

/**
 * One fault and its period. The constructors of this module describe each kind.
 *
 * @category models
 * @since 0.1.0
 */
export type Fault = Data.TaggedEnum<{
  Outage: FaultTiming & { readonly mode: "refuse" | "hang" }
  BrownOut: FaultTiming & { readonly failureRate: number; readonly slowdown: number }
  RateLimitStorm: FaultTiming & { readonly rejectionRate: number; readonly retryAfter: Duration.Input }
  SlowPeriod: FaultTiming & { readonly slowdown: number }
  BadConnections: FaultTiming & { readonly rate: number; readonly fault: ConnectionFault.Fault }
}>

const constructors = Data.taggedEnum<Fault>()

/**
 * No request succeeds, and running requests are interrupted. `refuse` refuses
 * connections immediately; `hang` accepts requests and never responds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const Outage = constructors.Outage

/**
 * A share of attempts fails (`failureRate`, 0 to 1), and the others take
 * `slowdown` times as long.
 *
 * @category constructors
 * @since 0.1.0
 */
export const BrownOut = constructors.BrownOut

/**
 * A share of attempts (`rejectionRate`, 0 to 1) is rejected with a 429 although
 * the account is within its limits.
 *
 * @category constructors
 * @since 0.1.0
 */
export const RateLimitStorm = constructors.RateLimitStorm

/**
 * Responses take `slowdown` times as long.
 *
 * @category constructors
 * @since 0.1.0
 */
export const SlowPeriod = constructors.SlowPeriod

/**
 * A share of attempts (`rate`, 0 to 1) meets a fault of `Fault`, the same that
 * `MockServer` and `MockProvider` attach to replies. In a simulation, which has
 * no bytes, faults within a response happen at half of its time.
 *
 * @category constructors
 * @since 0.1.0
 */
export const BadConnections = constructors.BadConnections

/**
 * A fault with its period in milliseconds from the start. `to` is the first
 * millisecond after it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Period {
  readonly from: number
  readonly to: number
  readonly fault: Fault
}

/**
 * The periods of faults, ordered by their start.
 *
 * @category conversions
 * @since 0.1.0
 */
export const periodsOf = (faults: ReadonlyArray<Fault>): ReadonlyArray<Period> =>
  faults
    .map((fault): Period => {
      const from = Duration.toMillis(fault.after)
      return { from, to: from + Duration.toMillis(fault.duration), fault }
    })
    .toSorted((a, b) => a.from - b.from)

const isRatio = (value: number): boolean => value >= 0 && value <= 1
const isFactor = (value: number): boolean => Number.isFinite(value) && value >= 1

/** The ratio of a fault, with its name. */
const ratioOf = (fault: Fault): readonly [name: string, value: number] | undefined => {
  switch (fault._tag) {
    case "BrownOut":
      return ["failureRate", fault.failureRate]
    case "RateLimitStorm":
      return ["rejectionRate", fault.rejectionRate]
    case "BadConnections":
      return ["rate", fault.rate]
    default:
      return undefined
  }
}

/**
 * The issue of an invalid fault: the name of the member and its expected form.
 *
 * @category guards
 * @since 0.1.0
 */
export const issueOf = (fault: Fault): readonly [name: string, expected: string] | undefined => {
  const { from, to } = periodsOf([fault])[0] ?? { from: Number.NaN, to: Number.NaN }
  if (!(from >= 0)) return ["after", "a time from the start of the simulation"]
  if (!(to > from) || !Number.isFinite(to)) return ["duration", "a finite duration greater than zero"]
  const ratio = ratioOf(fault)
  if (ratio !== undefined && !isRatio(ratio[1])) return [ratio[0], "a ratio from 0 to 1"]
  if ("slowdown" in fault && !isFactor(fault.slowdown)) return ["slowdown", "a factor of at least 1"]
  return undefined
}

/**
 * The combined effect of all faults at one moment.
 *
 * @category models
 * @since 0.1.0
 */
export interface Conditions {
  readonly outage: "refuse" | "hang" | undefined
  /** Share of attempts that fail. */
  readonly failureRate: number
  readonly slowdown: number
  /** Share of attempts that are rejected with a 429. */
  readonly rejectionRate: number
  /** The `retry-after` of such a rejection, in milliseconds. */
  readonly retryAfter: number
  /** Faults of connections, each with the share of attempts that meet it. */
  readonly connections: ReadonlyArray<{ readonly rate: number; readonly fault: ConnectionFault.Fault }>
}

const noFaults: Conditions["connections"] = []

const connectionsAt = (periods: ReadonlyArray<Period>, at: number): Conditions["connections"] => {
  let found: Array<Conditions["connections"][number]> | undefined
  for (const { fault, from, to } of periods) {
    if (fault._tag === "BadConnections" && at >= from && at < to) (found ??= []).push(fault)
  }
  return found ?? noFaults
}

/**
 * Combines all periods at one moment, in milliseconds from the start: the
 * highest failure and rejection rates, the first outage, the product of the
 * slowdowns.
 *
 * @category conversions
 * @since 0.1.0
 */
export const conditionsAt = (periods: ReadonlyArray<Period>, at: number): Conditions => {
  let outage: Conditions["outage"]
  let failureRate = 0
  let slowdown = 1
  let rejectionRate = 0
  let retryAfter = 0
  for (const { fault, from, to } of periods) {
    if (at < from || at >= to) continue
    switch (fault._tag) {
      case "Outage":
        outage ??= fault.mode
        break
      case "BrownOut":
        failureRate = Math.max(failureRate, fault.failureRate)
        slowdown *= fault.slowdown
        break
      case "RateLimitStorm":
        rejectionRate = Math.max(rejectionRate, fault.rejectionRate)
        retryAfter = Math.max(retryAfter, Duration.toMillis(fault.retryAfter))
        break
      case "SlowPeriod":
        slowdown *= fault.slowdown
    }
  }
  return { outage, failureRate, slowdown, rejectionRate, retryAfter, connections: connectionsAt(periods, at) }
}

/**
 * The first outage that starts within an interval, both ends excluded.
 *
 * @category conversions
 * @since 0.1.0
 */
export const outageWithin = (
  periods: ReadonlyArray<Period>,
  from: number,
  to: number
): { readonly at: number; readonly mode: "refuse" | "hang" } | undefined => {
  for (const period of periods) {
    if (period.from <= from || period.from >= to) continue
    if (period.fault._tag === "Outage") return { at: period.from, mode: period.fault.mode }
  }
  return undefined
}
