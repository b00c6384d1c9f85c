/** What must hold after any random calls. Each law returns its violations. */
import { table, type Tag } from "@kimi-effect/core/ErrorFacts"
import { Exit, Option } from "effect"
import type { LoggedAttempt, Received, Scenario } from "./randomCalls.ts"

/** Consecutive words of one attempt. */
interface Part {
  readonly attempt: number
  readonly text: string
  readonly words: number
}

/** The part that a text consists of, or what is wrong with it. */
const partOf = (text: string): Part | string => {
  const words = [...text.matchAll(/<(\d+)\.(\d+)>/g)]
  const attempts = new Set(words.map(([, attempt]) => attempt))
  if (words.map(([whole]) => whole).join("") !== text) return `is not made of words: ${text}`
  if (attempts.size !== 1) return `comes from several attempts: ${text}`
  if (words.some(([, , position], index) => Number(position) !== index)) return `has gaps: ${text}`
  return { attempt: Number(words[0]?.[1]), text, words: words.length }
}

/** Whether every text was written by one host, account and model, and every end is that of a whole response. */
const checkText = (
  parts: ReadonlyArray<string>,
  isFinished: boolean,
  log: ReadonlyArray<LoggedAttempt>
): ReadonlyArray<string> => {
  const violations: Array<string> = []
  let before: LoggedAttempt | undefined
  let text = ""
  for (const [index, one] of parts.entries()) {
    if (one === "") continue
    const part = partOf(one)
    if (typeof part === "string") return [`a text ${part}`]
    const attempt = log[part.attempt]
    if (attempt === undefined) return [`a text comes from no attempt: ${one}`]
    if (index === 0 && attempt.partial !== undefined) violations.push(`a beginning is a rest: ${one}`)
    if (before !== undefined) {
      if (before.place !== attempt.place) violations.push(`splice of ${before.place} and ${attempt.place}`)
      if (before.model !== attempt.model) violations.push(`splice of ${before.model} and ${attempt.model}`)
      if (attempt.partial !== text) violations.push(`${attempt.partial ?? "nothing"} was continued in place of ${text}`)
      if (!attempt.provider.startsWith("moonshot")) violations.push(`continued at ${attempt.provider}`)
    }
    before = attempt
    text += one
    if (isFinished && index === parts.length - 1 && !(attempt.isWhole && part.words === attempt.act.words)) {
      violations.push(`truncated success: ${text}`)
    }
  }
  if (isFinished && parts.at(-1) === "") violations.push("success without an end")
  return violations
}

/** The texts between two resets, each divided where it was resumed. */
const checkStream = ({ events, exit }: Received, log: ReadonlyArray<LoggedAttempt>): ReadonlyArray<string> => {
  const violations: Array<string> = []
  let parts = [""]
  let finished = 0
  for (const [index, event] of events.entries()) {
    if (finished > 0) violations.push(`${event._tag} after Finish`)
    if (event._tag === "Reset") {
      violations.push(...checkText(parts, false, log))
      parts = [""]
    } else if (event._tag === "Resume") parts.push("")
    else if (event._tag === "TextDelta") parts[parts.length - 1] += event.text
    else if (event._tag === "Start" && index > 0 && events[index - 1]?._tag !== "Reset")
      violations.push("a second Start")
    else if (event._tag === "Finish") finished += 1
  }
  violations.push(...checkText(parts, finished > 0, log))
  const isFailure = exit !== undefined && Exit.isFailure(exit) && !Exit.hasInterrupts(exit)
  if (finished > 0 && isFailure) violations.push("failure after Finish")
  return violations
}

/** Whether an attempt was made although an earlier failure of its call forbids it. */
const checkRepeats = (scenario: Scenario, log: ReadonlyArray<LoggedAttempt>): ReadonlyArray<string> => {
  // The second attempt of a hedge does not know how the first ends.
  if (scenario.isHedged) return []
  return log.flatMap((attempt, number) =>
    log.slice(0, number).flatMap((earlier) => {
      const { failure } = earlier
      // A host cannot distinguish equal calls.
      if (failure === undefined || attempt.prompt === "equal" || earlier.prompt !== attempt.prompt) return []
      if (failure.at > attempt.startedAt) return []
      const { fallback, isRetryable } = table[failure.tag as Tag]
      if (isRetryable) return []
      const isAllowed =
        fallback === "other account"
          ? attempt.account !== earlier.account
          : fallback === "other account or model" && attempt.place !== earlier.place
      return isAllowed ? [] : [`${attempt.place} was called after ${failure.tag} of ${earlier.place}`]
    })
  )
}

const countOf = ({ events }: Received, tag: string): number => events.filter(({ _tag }) => _tag === tag).length

/** What is wrong with what one caller received. */
const checkCaller = (
  scenario: Scenario,
  received: Received,
  log: ReadonlyArray<LoggedAttempt>
): ReadonlyArray<string> => {
  const { exit, text } = received
  if (exit === undefined) return ["a call did not end"]
  const dies = Exit.isFailure(exit) && Exit.hasDies(exit) ? [`a defect: ${String(Exit.findDefect(exit))}`] : []
  const error = Option.getOrUndefined(Exit.findErrorOption(exit))
  const isUncertain = countOf(received, "Reset") + countOf(received, "Resume") > 2 * scenario.maxRecoveries
  const shows = scenario.recovery === "off" && countOf(received, "Reset") + countOf(received, "Resume") > 0
  return [
    ...dies,
    ...(isUncertain ? ["too many recoveries"] : []),
    ...(shows ? ["a recovery that is off"] : []),
    ...(error?._tag === "UnknownPriceError" ? ["the budget's refusal of a step replaced the error of the host"] : []),
    ...(text === undefined ? checkStream(received, log) : checkText([text], true, log))
  ]
}

/** What is left after all calls have ended. */
export interface Remains {
  readonly spent: number
  readonly reserved: number
  /** The sum of the recorded attempts. */
  readonly recorded: number
  readonly permits: number
}

/** Every violation of a run. */
export const violationsOf = (
  scenario: Scenario,
  log: ReadonlyArray<LoggedAttempt>,
  received: ReadonlyArray<Received>,
  { permits, recorded, reserved, spent }: Remains
): ReadonlyArray<string> => {
  const billed = log.reduce((sum, { failure, generated, isWhole }) => {
    const isFree = !isWhole && generated === 0 && failure !== undefined && table[failure.tag as Tag].billing === "none"
    return sum + (isFree ? 0 : 1 + generated) / 1_000_000
  }, 0)
  // Amounts are sums of millionths.
  const differ = (a: number, b: number) => Math.abs(a - b) > 1e-9
  return [
    ...received.flatMap((one) => checkCaller(scenario, one, log)),
    ...checkRepeats(scenario, log),
    ...log.flatMap(({ isOpen, place }) => (isOpen ? [`a connection to ${place} is open`] : [])),
    ...log.flatMap(({ place }) => (place.endsWith("unpriced") ? ["a step without a price was called"] : [])),
    ...(reserved === 0 ? [] : [`${reserved} is still reserved`]),
    ...(permits === 0 ? [] : [`${permits} permits are taken`]),
    ...(differ(recorded, spent) ? [`${spent} was spent and ${recorded} recorded`] : []),
    ...(billed > spent + 1e-9 ? [`${billed} was billed and ${spent} spent`] : [])
  ]
}
