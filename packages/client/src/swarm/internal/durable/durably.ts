/** Runs an agent that may be worked on in other processes too. */
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import * as Effect from "effect/Effect"
import type { CallError } from "../../../journal/Journal.ts"
import type { AgentOutcome } from "../../SwarmResult.ts"
import type { Job } from "../Job.ts"
import type { Entry } from "../Recorder.ts"
import type { Session } from "../Session.ts"
import { type DurableRun, notLeased, resourceOf } from "./DurableRun.ts"
import * as Outcomes from "./outcomes.ts"

/** Failures of the journal: what they end can be continued, so it is no outcome to record. */
const unsettled: ReadonlySet<string> = new Set([
  "JournalMismatchError",
  "JournalStoreError",
  "UncertainToolResultError"
])

/** The agent is replayed from the beginning: another process may have continued it in the meantime. */
const abandon = <R>(session: Session<R>, { id }: Job<R>): void => {
  const { abandoned, states } = session
  const state = states.get(id)
  if (state !== undefined && state.steps >= (abandoned.get(id)?.steps ?? 0)) abandoned.set(id, state)
  states.delete(id)
}

/** Ends the swarm with a failure of the journal. Other agents end their work before, so that none of their calls becomes uncertain. */
const endUnsettled = <R>(session: Session<R>, job: Job<R>, error: CallError): Effect.Effect<never> => {
  const { queue } = session
  const left = Effect.andThen(queue.suspend, queue.leave(job.id))
  const quiet = job.depth === 0 ? Effect.void : Effect.andThen(left, queue.idle)
  return quiet.pipe(Effect.andThen(session.end({ _tag: "Failed", error })), Effect.andThen(Effect.never))
}

/** Whether the sub-agents of an agent are not known without replaying it. */
const hasAgents = <R>(session: Session<R>, { depth, parent }: Job<R>): boolean =>
  depth < session.settings.depth && (depth === 0 || parent !== undefined)

/**
 * Whether an outcome is the last one of an agent. One that ended early continues when
 * the swarm is run again, if that is not over either: its orchestrator failed, a limit
 * of it was reached, or it stops at the first failure. What was reported to a parent stays.
 */
const isFinal = <R>({ limit, settings }: Session<R>, { depth, parent }: Job<R>, { _tag }: AgentOutcome): boolean => {
  if (_tag === "Finished") return true
  if (depth === 0 || settings.options.stopOnFailure === true) return false
  return parent !== undefined || limit === undefined
}

const recordFinal = <R>(
  session: Session<R>,
  run: DurableRun,
  job: Job<R>,
  entry: Entry,
  outcome: AgentOutcome
): Effect.Effect<void, CallError> => {
  const lease = run.calls.get(job.id)?.lease
  return lease !== undefined && isFinal(session, job, outcome)
    ? Effect.andThen(Outcomes.record(lease, session, entry, outcome), lease.complete)
    : Effect.void
}

/** Replays an agent, or works on it; `undefined` when another process does and has not ended. */
const turn = <R, R2>(
  session: Session<R>,
  run: DurableRun,
  job: Job<R>,
  entry: Entry,
  work: Effect.Effect<AgentOutcome, never, R2>
): Effect.Effect<AgentOutcome | undefined, CallError, R2> =>
  Effect.gen(function* () {
    const resource = resourceOf(job.id)
    const isCompleted = run.stateOf(resource) === "Completed"
    if (isCompleted && !hasAgents(session, job)) {
      yield* Outcomes.restore(session, yield* run.read(resource), job, entry)
      return entry.outcome
    }
    if (job.depth === 0 || isCompleted) yield* run.follow(job.id)
    const outcome = yield* work
    if (outcome._tag === "Stopped" && outcome.error._tag === "LeaseLostError") {
      if (isCompleted) {
        // It ended early, so not all of its calls have a result.
        yield* Outcomes.restore(session, yield* run.read(resource), job, entry)
        return entry.outcome
      }
      return yield* Effect.fail(notLeased(job.id))
    }
    if (outcome._tag === "Stopped" && unsettled.has(outcome.error._tag)) {
      return yield* Effect.fail(outcome.error as CallError)
    }
    yield* recordFinal(session, run, job, entry, outcome)
    return outcome
  })

/**
 * Works on an agent until it has an outcome, in this process or in another one.
 * `work` leases it when the swarm admits it.
 */
export const durably = <R, R2>(
  session: Session<R>,
  run: DurableRun,
  job: Job<R>,
  entry: Entry,
  work: Effect.Effect<AgentOutcome, never, R2>
): Effect.Effect<AgentOutcome, never, R2> =>
  Effect.gen(function* () {
    yield* run.add(resourceOf(job.id))
    for (;;) {
      const attempt = run.during(job.id, turn(session, run, job, entry, work))
      const outcome = yield* Effect.catchTag(attempt, "LeaseLostError", () => Effect.undefined)
      if (outcome !== undefined) return outcome
      abandon(session, job)
      entry.outcome = undefined
      yield* session.queue.leave(job.id)
      // It does not return money here before its process has ended it, which may wait for an agent of this one.
      const { budget } = session
      yield* budget === undefined ? run.changed : budget.idle(job.id, run.changed)
    }
  }).pipe(Effect.catch((error: CallError | JournalStoreError) => endUnsettled(session, job, error)))
