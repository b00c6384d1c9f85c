/** What the error of an agent means for the swarm. */
import { DeadlineExceededError } from "@kimi-effect/core/TimeoutErrors"
import * as Duration from "effect/Duration"
import type { AgentError } from "../../agent/AgentResult.ts"
import type { SwarmAgentError } from "../SwarmResult.ts"

/** Errors of the account, which ends every call until its cause is removed. */
const suspending: ReadonlySet<string> = new Set([
  "QuotaExceededError",
  "DailyLimitError",
  "AuthenticationError",
  "PermissionDeniedError",
  "IpNotAllowedError"
])

/** Errors of a host that has too much to do. */
const overloads: ReadonlySet<string> = new Set([
  "RateLimitError",
  "OverloadedError",
  "CircuitOpenError",
  "AdmissionTimeoutError",
  "AdmissionQueueFullError"
])

export const isSuspending = ({ _tag }: SwarmAgentError): boolean => suspending.has(_tag)

export const isOverload = ({ _tag }: SwarmAgentError): boolean => overloads.has(_tag)

/** Whether the agent returns to the queue and continues. */
export const isRequeued = (error: AgentError): boolean =>
  isOverload(error) || ("isRetryable" in error && error.isRetryable)

const firstWait = 3_000
const longestWait = 60_000

/** Milliseconds that an agent waits at least, which has returned `times` before without progress. */
export const waitOf = (error: AgentError, times: number): number => {
  const asked = "retryAfter" in error && error.retryAfter !== undefined ? Duration.toMillis(error.retryAfter) : 0
  return Math.max(asked, Math.min(longestWait, firstWait * 2 ** times))
}

export const deadlineExceeded = (millis: number): DeadlineExceededError => {
  const timeout = Duration.millis(millis)
  return new DeadlineExceededError({ message: `The swarm took longer than its ${Duration.format(timeout)}`, timeout })
}
