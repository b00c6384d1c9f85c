/** A stale response is refreshed, and none is served after its time to live. */
import type { Violation } from "../../../schedule/Violation.ts"
import { models } from "../clients.ts"
import type { LoggedAttempt } from "../HostLog.ts"
import * as Limits from "../limits.ts"
import type { Outcome, ReceivedCall } from "../Outcome.ts"

/** A refresh starts with the response that it refreshes, after the fiber of the caller has run. */
const startMillis = 1

/** The last attempt whose text a call received. */
const lastAttempt = ({ events }: ReceivedCall, log: ReadonlyArray<LoggedAttempt>): LoggedAttempt | undefined => {
  const text = events.map(({ event }) => (event._tag === "TextDelta" ? event.text : "")).join("")
  const number = [...text.matchAll(/<(\d+)\./g)].at(-1)?.[1]
  return number === undefined ? undefined : log[Number(number)]
}

const checkCall = (received: ReceivedCall, { log, observations }: Outcome): ReadonlyArray<Violation> => {
  const [first] = received.events
  if (first?.event._tag !== "Start" || first.event.cached?.level !== "memory") return []
  const { at } = first
  const { age, isStale } = first.event.cached
  const found: Array<Violation> = []
  const add = (problem: string) => void found.push({ law: "refreshes", message: `call ${received.index} ${problem}` })
  const { call, prompt } = received
  const hasRefresh = observations.misses.some(
    (miss) =>
      miss.tenant === call.tenant &&
      miss.prompt === prompt &&
      miss.model === models[call.client] &&
      miss.at >= at - age &&
      miss.at <= at + startMillis
  )
  if (isStale && !hasRefresh) add(`received a response that was stale for ${age} ms, without a refresh`)
  const endedAt = lastAttempt(received, log)?.endedAt
  if (endedAt !== undefined && at - endedAt > Limits.timeToLive) {
    add(`received a response that ended ${at - endedAt} ms ago, with a time to live of ${Limits.timeToLive}`)
  }
  return found
}

export const check = (outcome: Outcome): ReadonlyArray<Violation> =>
  outcome.received.flatMap((received) => checkCall(received, outcome))
