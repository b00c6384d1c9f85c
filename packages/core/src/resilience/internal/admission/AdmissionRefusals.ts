/**
 * The errors of calls that admission refuses. Nothing was sent.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { AdmissionError } from "../../../errors/OperationErrors.ts"
import { DailyLimitError, OverloadedError, RateLimitError } from "../../../errors/RateLimitErrors.ts"
import { AdmissionQueueFullError, AdmissionTimeoutError } from "../../../errors/ResilienceErrors.ts"
import type { RateName } from "./EffectiveLimits.ts"
import type { Refusal } from "./HostFeedback.ts"

/**
 * What keeps a call from being admitted, and for how long at least.
 *
 * @category models
 * @since 0.1.0
 */
export interface Block {
  readonly waitMillis: number
  /** The refusal that pauses the account. */
  readonly refusal?: Refusal | undefined
  /** The limit that is used up. */
  readonly rate?: RateName | undefined
  readonly limit?: number | undefined
}

/** Errors of this module that a host may cause too. */
const made = new WeakSet<object>()

const remember = <E extends object>(error: E): E => {
  made.add(error)
  return error
}

/**
 * Whether an error is one of `blocked`, and not of a host.
 *
 * @category guards
 * @since 0.1.0
 */
export const isBlocked = (error: unknown): error is Refusal => made.has(error as object)

const kinds = { requestsPerMinute: "requests per minute", tokensPerMinute: "tokens per minute" } as const

const describe = ({ limit, rate, refusal }: Block): string => {
  if (refusal !== undefined) return "the host has asked for a pause"
  if (rate === undefined) return "the account is paused or used by others"
  const name = rate === "tokensPerDay" ? "tokens per day" : kinds[rate]
  return limit === undefined ? `its ${name} are used` : `its ${limit} ${name} are used`
}

/**
 * The error of a call whose deadline ends before it can be admitted: the error of
 * what blocks it, with the wait that it would have needed.
 *
 * @category errors
 * @since 0.1.0
 */
export const blocked = (account: string, block: Block, remainingMillis: number): AdmissionError => {
  const retryAfter = Duration.millis(Math.ceil(block.waitMillis))
  const remaining = Duration.format(Duration.millis(Math.max(0, Math.floor(remainingMillis))))
  const message = `${account} admits the call in ${Duration.format(retryAfter)} (${describe(block)}), but its deadline ends in ${remaining}`
  const { limit, rate, refusal } = block
  const named = limit === undefined ? {} : { limit }
  if (refusal?._tag === "OverloadedError") return remember(new OverloadedError({ message, retryAfter }))
  if (refusal?._tag === "DailyLimitError" || rate === "tokensPerDay") {
    return remember(new DailyLimitError({ message, retryAfter, ...named }))
  }
  const kind = rate === undefined ? (refusal?.kind ?? "unknown") : kinds[rate]
  return remember(new RateLimitError({ message, retryAfter, kind, ...named }))
}

/**
 * The error of a call that may wait no longer.
 *
 * @category errors
 * @since 0.1.0
 */
export const timeout = (
  account: string,
  maxWait: Duration.Duration,
  retryAfter: Duration.Duration
): AdmissionTimeoutError =>
  new AdmissionTimeoutError({
    message: `The limits of ${account} had no capacity for the call within ${Duration.format(maxWait)}`,
    account,
    maxWait,
    retryAfter
  })

/**
 * The error of a call that may not wait, because too many others do.
 *
 * @category errors
 * @since 0.1.0
 */
export const queueFull = (account: string, maxQueue: number, retryAfter: Duration.Duration): AdmissionQueueFullError =>
  new AdmissionQueueFullError({
    message: `${maxQueue} calls are already waiting for ${account}`,
    account,
    limit: maxQueue,
    retryAfter
  })
