/** The laws of what a caller receives: whole responses, of one attempt, for this call. */
import * as Exit from "effect/Exit"
import type { Violation } from "../../../schedule/Violation.ts"
import type { LoggedAttempt } from "../HostLog.ts"
import type { Outcome, ReceivedCall } from "../Outcome.ts"
import { targetsOf } from "../targets.ts"
import { Findings } from "./Findings.ts"
import { type Segment, segmentsOf } from "./segments.ts"

/** Consecutive words of one attempt. */
interface Part {
  readonly attempt: LoggedAttempt
  readonly text: string
  readonly words: number
}

/** Splits a text by the attempts that its words name. */
const partsOf = (text: string, log: ReadonlyArray<LoggedAttempt>): ReadonlyArray<Part> | string => {
  const words = [...text.matchAll(/<(\d+)\.(\d+)>/g)]
  if (words.map(([whole]) => whole).join("") !== text) return `received a damaged text: ${text}`
  const parts: Array<{ attempt: LoggedAttempt; text: string; words: number }> = []
  for (const [whole, number, position] of words) {
    const attempt = log[Number(number)]
    if (attempt === undefined) return `received a text of no attempt: ${text}`
    const last = parts.at(-1)
    if (last === undefined || last.attempt !== attempt || Number(position) === 0) {
      if (Number(position) !== 0) return `received a text with a gap: ${text}`
      parts.push({ attempt, text: whole, words: 1 })
    } else {
      if (Number(position) !== last.words) return `received a text with a gap: ${text}`
      last.text += whole
      last.words += 1
    }
  }
  return parts
}

/** Checks that each part of a text continues the one before it. */
const checkContinuations = (parts: ReadonlyArray<Part>, findings: Findings): void => {
  let text = ""
  let before: LoggedAttempt | undefined
  for (const part of parts) {
    const { attempt } = part
    if (before === undefined) {
      if (attempt.partial !== undefined) findings.add("no splices", `received a rest as a beginning: ${part.text}`)
    } else if (before.target !== attempt.target) {
      findings.add("no splices", `received a splice of ${before.target} and ${attempt.target}`)
    } else if (attempt.partial !== text) {
      findings.add("no splices", `received ${part.text} after ${text}, which it does not continue`)
    }
    before = attempt
    text += part.text
  }
}

const checkOwner = (
  { call, prompt }: ReceivedCall,
  targets: ReadonlySet<string>,
  { start }: Segment,
  attempt: LoggedAttempt,
  findings: Findings
): void => {
  const wrong = (what: string, received: string, expected: string) =>
    findings.add("own responses", `received attempt ${attempt.number} of ${what} ${received} in place of ${expected}`)
  if (attempt.tenant !== call.tenant) wrong("tenant", attempt.tenant, call.tenant)
  if (attempt.prompt !== prompt) wrong("prompt", attempt.prompt, prompt)
  if (!targets.has(attempt.target)) wrong("host", attempt.target, [...targets].join(" or "))
  if (start !== undefined && start.model !== attempt.model) wrong("model", start.model, attempt.model)
  if (start?.provider !== undefined && start.provider !== attempt.provider) {
    wrong("host", start.provider, attempt.provider)
  }
}

const checkSegment = (
  received: ReceivedCall,
  targets: ReadonlySet<string>,
  segment: Segment,
  log: ReadonlyArray<LoggedAttempt>,
  findings: Findings
): void => {
  // A response from the cache is replayed as one text, even if it was continued when it was received.
  const isReplay = segment.start?.cached !== undefined
  const parts: Array<Part> = []
  for (const text of segment.texts) {
    const found = partsOf(text, log)
    if (typeof found === "string") return findings.add("no splices", found)
    if (found.length > 1 && !isReplay) findings.add("no splices", `received a text of several attempts: ${text}`)
    parts.push(...found)
  }
  checkContinuations(parts, findings)
  for (const { attempt } of parts) checkOwner(received, targets, segment, attempt, findings)
  if (!segment.isFinished) return
  const last = parts.at(-1)
  if (last === undefined) findings.add("complete responses", "succeeded without a text")
  else if (!last.attempt.isWhole || last.words !== last.attempt.action.words) {
    findings.add("complete responses", `succeeded with a truncated text: ${segment.texts.join("")}`)
  }
}

const checkCall = (received: ReceivedCall, outcome: Outcome): ReadonlyArray<Violation> => {
  const findings = new Findings(`call ${received.index}`)
  const events = received.events.map(({ event }) => event)
  const segments = segmentsOf(events, findings)
  const targets = targetsOf(outcome.schedule.settings, received.call.client)
  for (const segment of segments) checkSegment(received, targets, segment, outcome.log, findings)
  const { exit } = received
  const isFinished = segments.some((segment) => segment.isFinished)
  const isFailure = exit !== undefined && Exit.isFailure(exit) && !Exit.hasInterrupts(exit)
  if (isFinished && isFailure) findings.add("complete responses", "failed after Finish")
  const runsToTheEnd = received.call.takes < 0 && received.call.leavesAfter < 0
  if (!isFinished && runsToTheEnd && exit !== undefined && Exit.isSuccess(exit)) {
    findings.add("complete responses", "succeeded without Finish")
  }
  return findings.found
}

export const check = (outcome: Outcome): ReadonlyArray<Violation> =>
  outcome.received.flatMap((received) => checkCall(received, outcome))
