/**
 * Where the rows of a batch run: in this program, or at the host at the lower
 * price of batches.
 *
 * @since 0.1.0
 */
import type { InvalidBatchError } from "@kimi-effect/core/BatchErrors"
import * as Cost from "@kimi-effect/core/Cost"
import * as BigDecimal from "effect/BigDecimal"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

/**
 * `local` runs the rows in this program, `host` at the host, and `auto` where it
 * costs less and ends before the deadline.
 *
 * @category models
 * @since 0.1.0
 */
export type Mode = "local" | "host" | "auto"

/**
 * What is known before a batch runs.
 *
 * @category options
 * @since 0.1.0
 */
export interface Comparison {
  /** The worst-case costs; none if a price is not known. */
  readonly cost: { readonly host: Option.Option<Cost.Cost>; readonly local: Option.Option<Cost.Cost> }
  /** Why the host cannot run the batch. */
  readonly problem?: Pick<InvalidBatchError, "message"> | undefined
  /** The time within which the results are needed. Unlimited by default. */
  readonly deadline?: Duration.Duration | undefined
  /** The longest time that the host may take. Defaults to 24 hours. */
  readonly completionWindow?: Duration.Duration | undefined
}

/**
 * Where a batch runs, and why.
 *
 * @category models
 * @since 0.1.0
 */
export interface Choice {
  readonly mode: "local" | "host"
  /** One sentence, for people. */
  readonly reason: string
  /** The window to create the batch with, at the host. */
  readonly completionWindow: Duration.Duration
  /** The worst-case costs; none if a price is not known. */
  readonly cost: Comparison["cost"]
}

/**
 * The shortest time that the host may take for a batch (source: guide to batches).
 *
 * @category constants
 * @since 0.1.0
 */
export const shortestWindow: Duration.Duration = Duration.hours(12)

const usualWindow = Duration.hours(24)

const wholeHours = (time: Duration.Duration): Duration.Duration => Duration.hours(Math.floor(Duration.toHours(time)))

/** Why the rows do not run at the host, if they do not. */
const againstHost = ({ cost, deadline, problem }: Comparison): string | undefined => {
  if (problem !== undefined) return `The host cannot run it. ${problem.message}`
  if (deadline !== undefined && Duration.isLessThan(deadline, shortestWindow)) {
    return `The deadline of ${Duration.format(deadline)} is before the end of the shortest window of the host, 12 hours`
  }
  const { host, local } = cost
  if (Option.isNone(host) || Option.isNone(local)) return "The price of a batch at the host is not known"
  return host.value.currency === local.value.currency && BigDecimal.isLessThan(host.value.total, local.value.total)
    ? undefined
    : "The host is not cheaper"
}

/**
 * Chooses the cheaper place that meets the deadline. A host ends a batch at the
 * end of its window, which is therefore never longer than the deadline. How long
 * the rows take in this program is not known before they run.
 *
 * @category getters
 * @since 0.1.0
 */
export const choose = (comparison: Comparison): Choice => {
  const { completionWindow = usualWindow, cost, deadline } = comparison
  const window =
    deadline === undefined || Duration.isLessThan(deadline, shortestWindow)
      ? completionWindow
      : Duration.min(completionWindow, wholeHours(deadline))
  const reason = againstHost(comparison)
  if (reason !== undefined) return { mode: "local", reason, completionWindow: window, cost }
  const amount = (one: Option.Option<Cost.Cost>) => Option.match(one, { onNone: () => "unknown", onSome: Cost.format })
  return {
    mode: "host",
    reason: `The host costs at most ${amount(cost.host)} instead of ${amount(cost.local)}, and ends within ${Duration.format(window)}`,
    completionWindow: window,
    cost
  }
}
