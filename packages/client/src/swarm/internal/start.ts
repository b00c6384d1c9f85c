/** Begins a swarm, lets its agents work, and makes its result. */
import { SwarmSuspendedError } from "@kimi-effect/core/SwarmErrors"
import type { UnknownPriceError } from "@kimi-effect/core/MoneyErrors"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import * as SwarmMetrics from "@kimi-effect/core/internal/SwarmMetrics"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { KimiClient } from "../../KimiClient.ts"
import type { SwarmOptions } from "../SwarmOptions.ts"
import type { SwarmAgentError, SwarmOutcome, SwarmResult } from "../SwarmResult.ts"
import type { SwarmProgram, SwarmState } from "../SwarmState.ts"
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
import { conclusionId, type Emit, orchestrator, Session, type Stop } from "./Session.ts"
import * as Settings from "./Settings.ts"
import { agentOutcome, ofSwarm, swarmOutcome, type SwarmSpan } from "./spans.ts"

export type StartError = InvalidRequestError | UnknownPriceError

/** Continues from the state of an earlier run. */
const restore = <R>(session: Session<R>, { agents, assignments, created }: SwarmState): void => {
  session.created.push(...created)
  for (const assignment of assignments) {
    const entry = session.recorder.add(Assignments.toJob(assignment))
    Assignments.restore(entry, assignment, agents[assignment.id])
    session.planned.add(assignment.id)
  }
  for (const [id, state] of Object.entries(agents)) restoreState(session, id, state, { isOver: false })
  // Agents that have begun have their reservations before new ones start.
  const isBegun = (id: string) =>
    id !== orchestrator && !id.startsWith(conclusionId) && session.recorder.entries.get(id)?.outcome === undefined
  session.budget?.reserve(
    Object.entries(agents).flatMap(([id, { finishReason }]) => (finishReason === undefined && isBegun(id) ? [id] : []))
  )
}

/** What the agents of a swarm do. */
export interface Body<R> {
  readonly run: (session: Session<R>) => Effect.Effect<void, never, R | KimiClient>
  /** The orchestrator, which concludes. */
  readonly orchestrator?: Job<R>
  /** What the swarm does, to notice that a run was started by another program. */
  readonly program: SwarmProgram
  /** The forms of the results of agents, by their ids. */
  readonly forms: Finished.Forms
}

const outcomeOf = <R>(session: Session<R>, stop: Stop | undefined): SwarmOutcome => {
  if (stop?._tag === "Suspended") {
    const { _tag: reason, message, retryAfter } = stop.error
    const error = new SwarmSuspendedError({
      message: `The swarm is suspended: ${message}`,
      swarmId: session.settings.id,
      reason,
      ...(retryAfter === undefined ? {} : { retryAfter })
    })
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
const settleRest = <R>(session: Session<R>, stop: Stop | undefined): Effect.Effect<void> =>
  Effect.forEach(
    [...session.recorder.entries.values()].filter(({ end }) => end === undefined),
    (entry) => {
      if (stop?._tag === "Suspended") entry.outcome ??= { _tag: "Suspended" }
      else if (entry.start === undefined || stop === undefined || stop._tag === "Cancelled")
        entry.outcome ??= { _tag: "Skipped", reason: "ended" }
      else entry.outcome ??= { _tag: "Stopped", error: stop.error }
      return session.ended(entry)
    },
    { discard: true }
  )

const finish = <R>(
  session: Session<R>,
  body: Body<R>,
  stop: Stop | undefined
): Effect.Effect<SwarmResult, never, KimiClient> =>
  Effect.gen(function* () {
    const { recorder, states } = session
    if (stop?._tag === "Limited") session.limited(stop.error)
    yield* settleRest(session, stop)
    const isLimited = noteLimit(session) || stop?._tag === "Limited"
    const lead = recorder.entries.get(orchestrator)
    const job = body.orchestrator
    const { error, text } =
      job !== undefined && isLimited && session.limit !== undefined
        ? yield* conclude(session, job, session.limit._tag)
        : { text: lead?.text ?? "", error: undefined }
    return {
      outcome: outcomeOf(session, stop),
      text,
      ...(error === undefined ? {} : { conclusionError: error }),
      agents: recorder.results(({ job: { depth } }) => depth > 0),
      report: recorder.report(session.settings.id, states, session.now),
      state: session.state
    }
  })

/** The time after which agents stop. */
const deadline = <R>(session: Session<R>): Effect.Effect<never> => {
  const { conclusion, millis } = session.settings
  if (!Number.isFinite(millis)) return Effect.never
  const expired = session.end({ _tag: "Limited", error: deadlineExceeded(millis) })
  return Effect.sleep(millis - conclusion.millis).pipe(Effect.andThen(expired), Effect.andThen(Effect.never))
}

interface StartOptions<R> {
  readonly settings: Settings.Settings<R>
  readonly scope: Scope.Scope
  readonly span: SwarmSpan
  /** The run of a journal that the swarm is recorded in. */
  readonly run: DurableRun | undefined
  readonly program: SwarmProgram
  readonly emit: Emit
}

/** A swarm that has done nothing yet. */
const open = <R>({
  emit,
  program,
  run,
  scope,
  settings,
  span
}: StartOptions<R>): Effect.Effect<Session<R>, never, R | KimiClient> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const services = yield* Effect.context<R | KimiClient>()
    const { concurrency: max, id, initialConcurrency: initial, money, provider } = settings
    const metrics = (yield* SwarmMetrics.current).open(id)
    return new Session<R>({
      settings,
      clock,
      emit,
      metrics,
      services,
      span,
      run,
      program,
      queue: new AgentQueue(Schedule.make({ initial, max }), clock, scope, metrics.states),
      budget: money === undefined ? undefined : new SwarmBudget(id, provider, money),
      recorder: new Recorder(MonotonicClock.millisUnsafe(clock))
    })
  })

/** Records how a swarm ended. The agents of one that was interrupted have no outcome. */
const recordEnd = <R>(session: Session<R>, exit: Exit.Exit<SwarmResult, unknown>): void => {
  const { countsEnd, metrics, now, recorder } = session
  for (const { end, job, outcome } of recorder.entries.values()) {
    if (end === undefined && job.depth > 0) metrics.agentEnded(agentOutcome(outcome), undefined)
  }
  const outcome = Exit.isSuccess(exit) ? swarmOutcome(exit.value.outcome) : "interrupted"
  metrics.ended(countsEnd ? outcome : undefined, recorder.wallMillis(now))
}

interface Start<R> {
  readonly options: SwarmOptions<R>
  /** The state that it continues from. */
  readonly from: SwarmState | undefined
  readonly emit: Emit | undefined
  /** Whether an orchestrator concludes when a limit ends it. */
  readonly hasConclusion: boolean
}

/** Runs a swarm to its outcome. */
export const start = <R, E = never>(
  { emit = () => Effect.void, from, hasConclusion, options }: Start<R>,
  bodyOf: (settings: Settings.Settings<R>) => Effect.Effect<Body<R>, E>
): Effect.Effect<SwarmResult, StartError | E, R | KimiClient> =>
  Effect.gen(function* () {
    const request = yield* CurrentRun
    const id = options.id ?? request?.id ?? Settings.defaultId
    const settings = { ...(yield* Settings.resolve(options, hasConclusion)), id }
    const body = yield* bodyOf(settings)
    const run = request === undefined ? undefined : yield* opened(request, body.program)
    const swarm = ofSwarm(id, (span) =>
      Effect.scopedWith((scope) =>
        Effect.flatMap(open({ settings, scope, span, run, program: body.program, emit }), (session) =>
          Effect.onExit(runIn(session, from, body), (exit) => Effect.sync(() => recordEnd(session, exit)))
        )
      )
    )
    return yield* swarm.pipe(
      CallOptions.provide({ priority: "swarm", job: id }),
      // A swarm that a tool runs is another program.
      Effect.provideService(CurrentRun, undefined)
    )
  })

/** What has ended the swarm before its agents were done. */
const stopOf = <R>({ stop }: Session<R>): Effect.Effect<Stop | undefined> =>
  Effect.flatMap(Deferred.isDone(stop), (isDone) => (isDone ? Deferred.await(stop) : Effect.undefined))

const runIn = <R>(
  session: Session<R>,
  from: SwarmState | undefined,
  body: Body<R>
): Effect.Effect<SwarmResult, never, R | KimiClient> =>
  Effect.suspend(() => {
    const { run } = session
    if (body.orchestrator !== undefined) session.recorder.add(body.orchestrator)
    if (from !== undefined) restore(session, from)
    const work = Effect.raceAllFirst([
      // What has ended the swarm counts, also when its last agent ends in the same moment.
      Effect.andThen(body.run(session), stopOf(session)),
      Deferred.await(session.stop),
      deadline(session)
    ])
    const end = (stop: Stop | undefined) => finish(session, body, stop)
    return run === undefined
      ? Effect.flatMap(work, end)
      : recorded({ session, run, forms: body.forms, work, finish: end })
  })
