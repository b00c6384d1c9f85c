/** What the error of an agent means for the swarm. */
import { DeadlineExceededError } from "@kimi-effect/core/TimeoutErrors"
import * as Duration from "effect/Duration"
import type { AgentError } from "../../agent/AgentResult.ts"
import type { SwarmAgentError } from "../SwarmResult.ts"

/** Whether no call can be made until a person or the next period removes the cause: quota, a daily limit, the key. */
export const isSuspending = ({ category, isRetryable }: SwarmAgentError): boolean =>
  category === "quota" || category === "authentication" || (category === "rate limit" && !isRetryable)

/** Refusals of the client itself, which are final for one call and temporary for an agent. */
const clientRefusals: ReadonlySet<string> = new Set<SwarmAgentError["_tag"]>([
  "CircuitOpenError",
  "AdmissionTimeoutError",
  "AdmissionQueueFullError"
])

/** Whether the host has too much to do. */
export const isOverload = ({ _tag, category, isRetryable }: SwarmAgentError): boolean =>
  (category === "rate limit" && isRetryable) || clientRefusals.has(_tag)

/** Whether the agent returns to the queue and continues. That the store of a budget is unavailable is no overload. */
export const isRequeued = (error: AgentError): boolean =>
  error.isRetryable || isOverload(error) || error._tag === "BudgetStoreError"

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
