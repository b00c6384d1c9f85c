/** Every call ends, and ends in time by the monotonic clock, however the time of day is set. */
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { Law, Violation } from "../../../schedule/Violation.ts"
import * as Limits from "../limits.ts"
import type { Outcome, ReceivedCall } from "../Outcome.ts"

/** A call that has ended. */
type EndedCall = ReceivedCall & { readonly exit: NonNullable<ReceivedCall["exit"]>; readonly endedAt: number }

const hasEnded = (received: ReceivedCall): received is EndedCall => received.endedAt !== undefined

const checkDeadline = (deadline: number, { call, endedAt, events, exit, startedAt }: EndedCall): string | undefined => {
  const took = endedAt - startedAt
  // Events of a stream that arrived in time are still processed by the caller.
  const processing = call.kind === "stream" ? call.pace * events.length : 0
  if (deadline > 0 && took > deadline + processing) return `took ${took} ms of ${deadline}`
  const tag = Option.getOrUndefined(Exit.findErrorOption(exit))?._tag
  if (tag !== "DeadlineExceededError" || took >= deadline) return undefined
  return `exceeded its deadline of ${deadline} ms after ${took}`
}

const checkInterruption = ({ call, endedAt, startedAt }: EndedCall): string | undefined => {
  const took = endedAt - startedAt
  if (call.leavesAfter < 0 || took <= call.leavesAfter) return undefined
  return `ended ${took} ms after its start, and was interrupted after ${call.leavesAfter}`
}

const checkCall = (deadline: number, received: ReceivedCall): ReadonlyArray<Violation> => {
  const violation = (law: Law, problem: string | undefined): ReadonlyArray<Violation> =>
    problem === undefined ? [] : [{ law, message: `call ${received.index} ${problem}` }]
  if (!hasEnded(received)) return violation("every call ends", `did not end within ${Limits.call} ms`)
  const defect = Option.getOrUndefined(Result.getSuccess(Exit.findDefect(received.exit)))
  return [
    ...violation("every call ends", defect === undefined ? undefined : `died: ${String(defect)}`),
    ...violation("time limits", checkDeadline(deadline, received)),
    ...violation("time limits", checkInterruption(received))
  ]
}

export const check = ({ received, schedule }: Outcome): ReadonlyArray<Violation> =>
  received.flatMap((one) => checkCall(schedule.settings.deadline, one))
