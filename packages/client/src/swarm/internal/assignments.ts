/** The assignments of a swarm in its state, and read from it. */
import * as KimiError from "@kimi-effect/core/KimiError"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { AgentState } from "../../agent/AgentState.ts"
import type { AgentOutcome, SwarmAgentError } from "../SwarmResult.ts"
import type { Assignment } from "../SwarmState.ts"
import type { Entry, RecordedJob } from "./Recorder.ts"

const encode = Schema.encodeSync(KimiError.codec)
const decode = Schema.decodeUnknownOption(KimiError.codec)

const errorOf = (outcome: AgentOutcome | undefined) =>
  outcome?._tag === "Stopped" ? { error: encode(outcome.error) as Schema.Json } : {}

export const fromEntries = (entries: Iterable<Entry>): ReadonlyArray<Assignment> =>
  [...entries].flatMap(({ job: { id, name, parent, stage }, outcome }) =>
    parent === undefined ? [] : [{ id, name, parent, stage, ...errorOf(outcome) }]
  )

/** The outcome of an agent in an earlier run; none if it has to continue. */
const outcomeOf = ({ error }: Assignment, state: AgentState | undefined): AgentOutcome | undefined => {
  if (error !== undefined) {
    const known = Option.getOrUndefined(decode(error))
    return known === undefined ? undefined : { _tag: "Stopped", error: known as SwarmAgentError }
  }
  return state?.finishReason === undefined ? undefined : { _tag: "Finished" }
}

/** The text that an agent wrote last. */
const textOf = (state: AgentState | undefined): string => {
  const content = state?.messages.findLast(({ role }) => role === "assistant")?.content ?? ""
  return typeof content === "string" ? content : ""
}

/** The task of an agent that has ended before is not needed again. */
export const toJob = ({ id, name, parent, stage }: Assignment): RecordedJob => ({
  id,
  name,
  parent,
  stage,
  after: [],
  system: "",
  prompt: "",
  depth: 1,
  rank: 0,
  limits: undefined,
  request: undefined
})

/** Restores what an agent had reached. */
export const restore = (entry: Entry, assignment: Assignment, state: AgentState | undefined): void => {
  entry.outcome = outcomeOf(assignment, state)
  if (entry.outcome === undefined) return
  entry.text = textOf(state)
  entry.start = 0
  entry.end = 0
}
