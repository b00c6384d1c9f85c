/** Notices steps in a row that bring nothing new: calls that fail, and results that the run had already. */
import { NoProgressError } from "@kimi-effect/core/AgentErrors"
import { canonicalizeText } from "@kimi-effect/core/internal/CanonicalJson"
import * as Digest from "@kimi-effect/core/internal/Digest"
import type { AgentCall, AgentState, CallResult } from "../../AgentState.ts"
import { agentOf, type Limits } from "./limits.ts"

type Progress = NonNullable<AgentState["progress"]>

/** Calls and results that are remembered, the latest ones: a longer cycle is not noticed. */
const maxSeen = 128

const none: Progress = { stalled: 0, seen: [] }

const digestOfCall = ({ arguments: text, tool }: AgentCall): string =>
  Digest.of([tool, canonicalizeText(text).text]).toString(36)

/** Also JSON without a value, such as an empty list. */
const empty = /^(?:[\s"[\]{}]*|null)$/

/** Blank for a result without a value. */
export const digestOf = ({ content }: CallResult): string =>
  typeof content === "string" && empty.test(content) ? "" : Digest.of(content).toString(36)

/**
 * What a call counts: nothing with a new result, a half if only the call is new,
 * such as the third file that was written without a result, and otherwise one.
 */
const weightOf = (seen: ReadonlySet<string>, [call = "", result]: ReadonlyArray<string>): number => {
  if (result === undefined) return 1
  if (!seen.has(result)) return 0
  return seen.has(call) ? 1 : 0.5
}

/** Counts a step whose calls have their results. It counts as much as the call that brought most. */
export const count = ({ seen: earlier, stalled }: Progress = none, calls: ReadonlyArray<AgentCall>): Progress => {
  const seen = new Set(earlier)
  let weight = 1
  for (const one of calls) {
    const { digest, result } = one
    const value = result === undefined || result.isFailure ? undefined : (digest ?? digestOf(result))
    const known = value === undefined ? [digestOfCall(one)] : [digestOfCall(one), `= ${value}`]
    weight = Math.min(weight, weightOf(seen, known))
    for (const entry of known) {
      // The latest ones are last.
      seen.delete(entry)
      seen.add(entry)
    }
  }
  return { stalled: weight === 0 ? 0 : stalled + weight, seen: [...seen].slice(-maxSeen) }
}

/** The error of a run without progress. */
export const exceeded = (state: AgentState, { stalledSteps }: Limits): NoProgressError | undefined => {
  const { stalled } = state.progress ?? none
  return stalled < stalledSteps
    ? undefined
    : new NoProgressError({
        ...agentOf(state),
        message: `The last ${Math.floor(stalled)} steps or more brought nothing new: their calls failed, or returned what the run had already`,
        limit: stalledSteps
      })
}

/** What the results of a step remind the model of after half of the steps. */
export const reminder = (
  { progress: { stalled } = none }: AgentState,
  { stalledSteps }: Limits
): string | undefined => {
  const half = stalledSteps / 2
  return stalled >= half && stalled < half + 1
    ? "Your last steps brought nothing new. Try something else, or finish with what you know."
    : undefined
}
