/** How agents ended, as entries of the journal. */
import * as KimiError from "@kimi-effect/core/KimiError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { AgentState } from "../../../agent/AgentState.ts"
import type { CallError, Calls } from "../../../journal/Journal.ts"
import type { AgentOutcome, SwarmAgentError } from "../../SwarmResult.ts"
import { restoreState } from "../accounts.ts"
import type { Job } from "../Job.ts"
import type { Entry } from "../Recorder.ts"
import type { Session } from "../Session.ts"
import * as Structured from "../structured.ts"

const Ended = Schema.toCodecJson(
  Schema.Struct({
    /** What ended the agent early, in its encoded form; absent when it is finished. */
    error: Schema.optionalKey(Schema.Json),
    text: Schema.String,
    requeues: Schema.Int,
    state: Schema.optionalKey(AgentState)
  })
)

const encodeError = Schema.encodeSync(KimiError.codec)
const decodeError = Schema.decodeUnknownOption(KimiError.codec)

const options = { key: "outcome", digest: "outcome", codec: Ended, isIdempotent: true }

/** Records how an agent ended. */
export const record = <R>(
  calls: Pick<Calls, "call">,
  { states }: Session<R>,
  { job, requeues, text }: Entry,
  outcome: AgentOutcome
): Effect.Effect<void, CallError> => {
  const state = states.get(job.id)
  const ended = {
    text,
    requeues,
    ...(outcome._tag === "Stopped" ? { error: encodeError(outcome.error) as Schema.Json } : {}),
    ...(state === undefined ? {} : { state })
  }
  return Effect.asVoid(calls.call(options, Effect.succeed(ended)))
}

const outcomeOf = (error: Schema.Json | undefined): AgentOutcome => {
  const known = error === undefined ? undefined : Option.getOrUndefined(decodeError(error))
  return known === undefined ? { _tag: "Finished" } : { _tag: "Stopped", error: known as SwarmAgentError }
}

/** Gives an agent the outcome that another process, or an earlier one, has recorded. */
export const restore = <R>(
  session: Session<R>,
  calls: Calls,
  job: Job<R>,
  entry: Entry
): Effect.Effect<void, CallError> =>
  Effect.map(calls.call(options, Effect.never), ({ error, requeues, state, text }) => {
    entry.isRestored = true
    entry.outcome = outcomeOf(error)
    entry.requeues = requeues
    entry.text = text
    if (state !== undefined) restoreState(session, job.id, state)
    if (job.result === undefined || entry.outcome._tag !== "Finished") return
    const decoded = Structured.decode(job.result, text)
    if (Result.isSuccess(decoded)) entry.value = decoded.success
    else entry.outcome = { _tag: "Stopped", error: decoded.failure }
  })
