/** No attempt follows one that forbids it. */
import { table, type Tag } from "@kimi-effect/core/ErrorFacts"
import type { Violation } from "../../../schedule/Violation.ts"
import type { LoggedAttempt } from "../HostLog.ts"
import type { Outcome } from "../Outcome.ts"

/** Whether the fallback plan may make an attempt after such an error. */
const isFallback = (tag: string, attempt: LoggedAttempt, earlier: LoggedAttempt): boolean => {
  const { fallback } = table[tag as Tag]
  if (fallback === "other account") return attempt.account !== earlier.account
  return fallback === "other account or model" && attempt.target !== earlier.target
}

const checkPair = (outcome: Outcome, attempt: LoggedAttempt, earlier: LoggedAttempt): ReadonlyArray<Violation> => {
  const { failure } = earlier
  if (failure === undefined || failure.at > attempt.startedAt) return []
  const violation = (reason: string): Violation => ({
    law: "no forbidden repeats",
    message: `call ${attempt.call} called ${attempt.target} after ${reason} of ${earlier.target}`
  })
  const isStream = outcome.schedule.calls[attempt.call]?.kind === "stream"
  if (isStream && earlier.generated > 0 && outcome.schedule.settings.recovery === "off") {
    return [violation("content")]
  }
  const isAllowed = table[failure.tag as Tag].isRetryable || isFallback(failure.tag, attempt, earlier)
  return isAllowed ? [] : [violation(failure.tag)]
}

export const check = (outcome: Outcome): ReadonlyArray<Violation> => {
  // The second attempt of a hedge does not know how the first ends.
  if (outcome.schedule.settings.isHedged) return []
  const byCall = Map.groupBy(
    // Hosts cannot distinguish calls with equal prompts, which share attempts.
    outcome.log.filter(({ call }) => call >= 0 && outcome.schedule.calls[call]?.prompt === -1),
    ({ call }) => call
  )
  return [...byCall.values()].flatMap((attempts) =>
    attempts.flatMap((attempt, index) =>
      attempts.slice(0, index).flatMap((earlier) => checkPair(outcome, attempt, earlier))
    )
  )
}
