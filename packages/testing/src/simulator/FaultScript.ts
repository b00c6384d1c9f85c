/**
 * When a host is in trouble, and what kind of trouble, as data. Periods may
 * overlap; each adds to what the others do.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"

/**
 * What attempts fail with by chance, each with its weight among the others.
 *
 * @category models
 * @since 0.1.0
 */
export interface FailureMix {
  /** HTTP 500 in place of the first token. */
  readonly ServerError?: number
  /** HTTP 503 at once. */
  readonly ServiceUnavailableError?: number
  /** Kimi's 429 for its own shortage, at once. */
  readonly OverloadedError?: number
  /** The connection breaks when the first token was due; the host may bill the prompt. */
  readonly ConnectionLostError?: number
  /** The connection breaks somewhere in the answer. */
  readonly StreamInterruptedError?: number
}

/** A part of the simulated time. */
interface FaultTiming {
  /** When it begins, from the start of the simulation. */
  readonly after: Duration.Input
  readonly duration: Duration.Input
}

/**
 * One period of trouble. The constructors of this module tell what each does.
 *
 * @category models
 * @since 0.1.0
 */
export type Fault = Data.TaggedEnum<{
  Outage: FaultTiming & { readonly mode: "refuse" | "hang" }
  BrownOut: FaultTiming & { readonly failureRate: number; readonly slowdown: number }
  RateLimitStorm: FaultTiming & { readonly rejectionRate: number; readonly retryAfter: Duration.Input }
  SlowPeriod: FaultTiming & { readonly slowdown: number }
}>

const constructors = Data.taggedEnum<Fault>()

/**
 * Nobody is served, and what was running breaks off. `refuse` refuses
 * connections at once; `hang` takes requests and never says anything.
 *
 * @category constructors
 * @since 0.1.0
 */
export const Outage = constructors.Outage

/**
 * A larger share of attempts fails (0 to 1), and the others take `slowdown`
 * times as long.
 *
 * @category constructors
 * @since 0.1.0
 */
export const BrownOut = constructors.BrownOut

/**
 * A share of attempts (0 to 1) is refused with a 429 although the account is
 * within its limits.
 *
 * @category constructors
 * @since 0.1.0
 */
export const RateLimitStorm = constructors.RateLimitStorm

/**
 * Answers take `slowdown` times as long.
 *
 * @category constructors
 * @since 0.1.0
 */
export const SlowPeriod = constructors.SlowPeriod

/**
 * A fault at its place in time, in milliseconds from the start; `to` is the
 * first millisecond after it.
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
 * Puts faults in the order of their beginnings.
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

/**
 * What is wrong with a fault, as the name of the member and its expected form.
 *
 * @category guards
 * @since 0.1.0
 */
export const issueOf = (fault: Fault): readonly [name: string, expected: string] | undefined => {
  const { from, to } = periodsOf([fault])[0] ?? { from: Number.NaN, to: Number.NaN }
  if (!(from >= 0)) return ["after", "a time from the start of the simulation"]
  if (!(to > from) || !Number.isFinite(to)) return ["duration", "a finite duration over zero"]
  if (fault._tag === "BrownOut" && !isRatio(fault.failureRate)) return ["failureRate", "a ratio from 0 to 1"]
  if (fault._tag === "RateLimitStorm" && !isRatio(fault.rejectionRate)) return ["rejectionRate", "a ratio from 0 to 1"]
  if ("slowdown" in fault && !isFactor(fault.slowdown)) return ["slowdown", "a factor of at least 1"]
  return undefined
}

/**
 * What holds at one moment.
 *
 * @category models
 * @since 0.1.0
 */
export interface Conditions {
  readonly outage: "refuse" | "hang" | undefined
  /** Share of attempts that fail, when a fault says so. */
  readonly failureRate: number
  readonly slowdown: number
  /** Share of attempts that are refused with a 429. */
  readonly rejectionRate: number
  /** What such a refusal says about waiting, in milliseconds. */
  readonly retryAfter: number
}

/**
 * What all periods together make of one moment, in milliseconds from the
 * start: the worst failure rate and share of refusals, the first outage, the
 * product of the slowdowns.
 *
 * @category conversions
 * @since 0.1.0
 */
export const conditionsAt = (periods: ReadonlyArray<Period>, at: number): Conditions => {
  let outage: Conditions["outage"]
  let failureRate = 0
  let slowdown = 1
  let refused = 0
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
        refused = Math.max(refused, fault.rejectionRate)
        retryAfter = Math.max(retryAfter, Duration.toMillis(fault.retryAfter))
        break
      case "SlowPeriod":
        slowdown *= fault.slowdown
    }
  }
  return { outage, failureRate, slowdown, rejectionRate: refused, retryAfter }
}

/**
 * The first outage that begins in a stretch of time, both ends excluded.
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
