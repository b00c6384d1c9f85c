/** How agents ended, as entries of the journal. */
import * as KimiError from "@kimi-effect/core/KimiError"
import * as Effect from "effect/Effect"
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

/** How an agent ended. One that this version does not know cannot be read: the work of an agent is not done because its error is new. */
export const Outcome = Schema.Union([
  Schema.Struct({ _tag: Schema.Literal("Finished") }),
  Schema.Struct({
    _tag: Schema.Literal("Stopped"),
    error: KimiError.KimiError as unknown as Schema.Codec<SwarmAgentError, unknown>
  }),
  Schema.Struct({ _tag: Schema.Literal("Skipped"), reason: Schema.Literals(["dependency", "ended"]) }),
  Schema.Struct({ _tag: Schema.Literal("Suspended") })
])

const Ended = Schema.toCodecJson(
  Schema.Struct({
    outcome: Outcome,
    text: Schema.String,
    requeues: Schema.Int,
    state: Schema.optionalKey(AgentState)
  })
)

const options = { key: "outcome", digest: "outcome", codec: Ended, isIdempotent: true }

/** Records how an agent ended. */
export const record = <R>(
  calls: Pick<Calls, "call">,
  { states }: Session<R>,
  { job, requeues, text }: Entry,
  outcome: AgentOutcome
): Effect.Effect<void, CallError> => {
  const state = states.get(job.id)
  const ended = { outcome, text, requeues, ...(state === undefined ? {} : { state }) }
  return Effect.asVoid(calls.call(options, Effect.succeed(ended)))
}

/** Gives an agent the outcome that another process, or an earlier one, has recorded. */
export const restore = <R>(
  session: Session<R>,
  calls: Calls,
  job: Job<R>,
  entry: Entry
): Effect.Effect<void, CallError> =>
  Effect.map(calls.call(options, Effect.never), ({ outcome, requeues, state, text }) => {
    entry.isRestored = true
    entry.outcome = outcome
    entry.requeues = requeues
    entry.text = text
    if (state !== undefined) restoreState(session, job.id, state, { isOver: true })
    if (job.result === undefined || outcome._tag !== "Finished") return
    const decoded = Structured.decode(job.result, text)
    if (Result.isSuccess(decoded)) entry.value = decoded.success
    else entry.outcome = { _tag: "Stopped", error: decoded.failure }
  })
