/** Nothing is in use after the last call, and no more than is allowed before. */
import type { Violation } from "../../../schedule/Violation.ts"
import type { LoggedAttempt } from "../HostLog.ts"
import type { Outcome } from "../Outcome.ts"

const minute = 60_000

/** Most attempts that an account had open at the same time. */
const mostOpen = (attempts: ReadonlyArray<LoggedAttempt>): number =>
  Math.max(
    ...attempts.map(
      ({ startedAt }) =>
        attempts.filter((other) => other.startedAt <= startedAt && (other.endedAt ?? Infinity) > startedAt).length
    )
  )

/** Most attempts that started within a minute. */
const mostInMinute = (attempts: ReadonlyArray<LoggedAttempt>): number =>
  Math.max(
    ...attempts.map(
      ({ startedAt }) =>
        attempts.filter((other) => other.startedAt >= startedAt && other.startedAt < startedAt + minute).length
    )
  )

const checkLimits = ({ log, schedule }: Outcome): ReadonlyArray<Violation> => {
  const { concurrency, requestsPerMinute } = schedule.settings
  return [...Map.groupBy(log, ({ account }) => account)].flatMap(([account, attempts]) => {
    const found: Array<Violation> = []
    const compare = (name: string, most: number, limit: number) => {
      if (most > limit) found.push({ law: "account limits", message: `${account} got ${most} ${name} of ${limit}` })
    }
    compare("concurrent attempts", mostOpen(attempts), concurrency)
    compare("attempts in a minute", mostInMinute(attempts), requestsPerMinute)
    return found
  })
}

/** Connections that are open after the call that opened them has ended. Calls with equal prompts share connections. */
const checkConnections = ({ log, received }: Outcome): ReadonlyArray<Violation> =>
  log.flatMap(({ call, endedAt = Infinity, target }): ReadonlyArray<Violation> => {
    const owner = received[call]
    if (owner === undefined || owner.call.prompt >= 0 || endedAt <= (owner.endedAt ?? Infinity)) return []
    return [{ law: "nothing in use", message: `a connection to ${target} is open after the end of call ${call}` }]
  })

export const check = (outcome: Outcome): ReadonlyArray<Violation> => [
  ...Object.entries(outcome.remainingUse)
    .filter(([, count]) => count > 0)
    .map(([name, count]): Violation => ({ law: "nothing in use", message: `${count} ${name} after all calls` })),
  ...checkConnections(outcome),
  ...checkLimits(outcome),
  ...[...outcome.observations.probes]
    .filter(([, count]) => count > 1)
    .map(([key, count]): Violation => ({ law: "one probe", message: `${count} probes of ${key} at the same time` }))
]
