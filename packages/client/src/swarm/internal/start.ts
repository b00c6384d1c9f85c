/** Begins a swarm, lets its agents work, and makes its result. */
import { SwarmSuspendedError } from "@kimi-effect/core/SwarmErrors"
import type { UnknownPriceError } from "@kimi-effect/core/MoneyErrors"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { KimiClient } from "../../KimiClient.ts"
import type { SwarmOptions } from "../SwarmOptions.ts"
import type { SwarmAgentError, SwarmOutcome, SwarmResult } from "../SwarmResult.ts"
import type { SwarmState } from "../SwarmState.ts"
import { restoreState } from "./accounts.ts"
import * as Assignments from "./assignments.ts"
import { AgentQueue } from "./AgentQueue.ts"
import { deadlineExceeded } from "./classify.ts"
import { conclude } from "./conclude.ts"
import { CurrentRun } from "./durable/CurrentRun.ts"
import type { DurableRun } from "./durable/DurableRun.ts"
import type * as Finished from "./durable/finished.ts"
import { opened, recorded } from "./durable/recordedSwarm.ts"
import type { Job } from "./Job.ts"
import { SwarmBudget } from "./SwarmBudget.ts"
import { Recorder } from "./Recorder.ts"
import * as Schedule from "./Schedule.ts"
import { type Emit, orchestrator, Session, type Stop } from "./Session.ts"
import * as Settings from "./Settings.ts"

export type StartError = InvalidRequestError | UnknownPriceError

/** Continues from the state of an earlier run. */
const restore = <R>(session: Session<R>, { agents, assignments, created }: SwarmState): void => {
  session.created.push(...created)
  for (const assignment of assignments) {
    const entry = session.recorder.add(Assignments.toJob(assignment))
    Assignments.restore(entry, assignment, agents[assignment.id])
    session.planned.add(assignment.id)
  }
  for (const [id, state] of Object.entries(agents)) restoreState(session, id, state)
}

/** What the agents of a swarm do. */
export interface Body<R> {
  readonly run: (session: Session<R>) => Effect.Effect<void, never, R | KimiClient>
  /** The orchestrator, which concludes. */
  readonly orchestrator?: Job<R>
  /** What the swarm does, to notice that a run was started by another program. */
  readonly program: { readonly kind: string; readonly definition: unknown }
  /** The forms of the results of agents, by their ids. */
  readonly forms: Finished.Forms
}

const outcomeOf = <R>(session: Session<R>, stop: Stop | undefined): SwarmOutcome => {
  if (stop?._tag === "Suspended") {
    const message = `The swarm is suspended: ${stop.error.message}`
    const error = new SwarmSuspendedError({ message, swarmId: session.settings.id, reason: stop.error._tag })
    return { _tag: "Suspended", error }
  }
  if (stop?._tag === "Failed" || stop?._tag === "Cancelled") return stop
  if (session.limit !== undefined) return { _tag: "Limited", error: session.limit }
  const lead = session.recorder.entries.get(orchestrator)?.outcome
  return lead?._tag === "Stopped" ? { _tag: "Failed", error: lead.error } : { _tag: "Finished" }
}

/** Whether it is a limit of the orchestrator itself, after which it concludes too. */
const isLimit = ({ _tag, category }: SwarmAgentError): boolean =>
  category === "agent" || _tag === "BudgetExceededError" || _tag === "DeadlineExceededError"

/** What ended the orchestrator early, if a limit did. */
const noteLimit = <R>(session: Session<R>): boolean => {
  const lead = session.recorder.entries.get(orchestrator)?.outcome
  if (lead?._tag !== "Stopped" || !isLimit(lead.error)) return false
  session.limit ??= lead.error as NonNullable<typeof session.limit>
  return true
}

/** Settles the agents that had not ended when the swarm did. */
const settleRest = <R>(session: Session<R>, stop: Stop | undefined): void => {
  for (const entry of session.recorder.entries.values()) {
    if (entry.outcome !== undefined) continue
    if (stop?._tag === "Suspended") entry.outcome = { _tag: "Suspended" }
    else if (entry.start === undefined || stop === undefined || stop._tag === "Cancelled")
      entry.outcome = { _tag: "Skipped", reason: "ended" }
    else entry.outcome = { _tag: "Stopped", error: stop.error }
    session.recorder.end(entry.job.id, session.now)
  }
}

const finish = <R>(
  session: Session<R>,
  body: Body<R>,
  stop: Stop | undefined
): Effect.Effect<SwarmResult, never, KimiClient> =>
  Effect.gen(function* () {
    const { recorder, states } = session
    if (stop?._tag === "Limited") session.limited(stop.error)
    settleRest(session, stop)
    const isLimited = noteLimit(session) || stop?._tag === "Limited"
    const lead = recorder.entries.get(orchestrator)
    const job = body.orchestrator
    const text =
      job !== undefined && isLimited && session.limit !== undefined
        ? yield* conclude(session, job, session.limit._tag)
        : (lead?.text ?? "")
    return {
      outcome: outcomeOf(session, stop),
      text,
      agents: recorder.results(({ job: { depth } }) => depth > 0),
      report: recorder.report(session.settings.id, states, session.now),
      state: session.state
    }
  })

/** The time after which agents stop. */
const deadline = <R>(session: Session<R>, hasConclusion: boolean): Effect.Effect<never> => {
  const { conclusion, millis } = session.settings
  if (!Number.isFinite(millis)) return Effect.never
  const expired = session.end({ _tag: "Limited", error: deadlineExceeded(millis) })
  return Effect.sleep(hasConclusion ? millis - conclusion.millis : millis).pipe(
    Effect.andThen(expired),
    Effect.andThen(Effect.never)
  )
}

/** A swarm that has not begun. */
const sessionOf = <R>(
  settings: Settings.Settings<R>,
  run: DurableRun | undefined,
  emit: Emit
): Effect.Effect<Session<R>, never, R | KimiClient | Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const services = yield* Effect.context<R | KimiClient>()
    const scope = yield* Effect.scope
    const { initialConcurrency: initial, concurrency: max, money } = settings
    return new Session<R>({
      settings,
      clock,
      emit,
      services,
      run,
      queue: new AgentQueue(Schedule.make({ initial, max }), clock, scope),
      budget:
        money === undefined ? undefined : new SwarmBudget(settings.id, settings.provider, money.currency, money.ledger),
      recorder: new Recorder(MonotonicClock.millisUnsafe(clock))
    })
  })

/** Runs a swarm to its outcome. */
export const start = <R>(
  options: SwarmOptions<R>,
  from: SwarmState | undefined,
  bodyOf: (settings: Settings.Settings<R>) => Body<R>,
  emit: Emit = () => Effect.void
): Effect.Effect<SwarmResult, StartError, R | KimiClient> =>
  Effect.gen(function* () {
    const request = yield* CurrentRun
    const id = options.id ?? request?.id ?? "swarm"
    const settings = { ...(yield* Settings.resolve(options)), id }
    const body = bodyOf(settings)
    const run = request === undefined ? undefined : yield* opened(request, body.program)
    const session = yield* sessionOf(settings, run, emit)
    if (body.orchestrator !== undefined) session.recorder.add(body.orchestrator)
    if (from !== undefined) restore(session, from)
    const work = Effect.raceAllFirst([
      Effect.as(body.run(session), undefined),
      Deferred.await(session.stop),
      deadline(session, body.orchestrator !== undefined)
    ])
    const end = (stop: Stop | undefined) => finish(session, body, stop)
    const result =
      run === undefined ? Effect.flatMap(work, end) : recorded({ session, run, forms: body.forms, work, finish: end })
    return yield* CallOptions.provide({ priority: "swarm", job: id })(result)
  }).pipe(Effect.scoped)
