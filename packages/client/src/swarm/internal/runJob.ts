/** Runs one agent to its outcome: in the queue, again after refusals of the host, and with a bounded result. */
import type { Message } from "@kimi-effect/core/Message"
import { ToolApprovalRequiredError } from "@kimi-effect/core/ToolErrors"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { AgentEvent } from "../../agent/AgentEvent.ts"
import type { AgentOptions } from "../../agent/AgentOptions.ts"
import type { AgentError, AgentResult } from "../../agent/AgentResult.ts"
import * as AgentState from "../../agent/AgentState.ts"
import { drive } from "../../agent/internal/loop/drive.ts"
import { Session as AgentSession } from "../../agent/internal/loop/Session.ts"
import * as AgentSettings from "../../agent/internal/loop/Settings.ts"
import { KimiClient } from "../../KimiClient.ts"
import type { AgentOutcome } from "../SwarmResult.ts"
import { bounded, byteLength } from "./bounded.ts"
import { durably } from "./durable/durably.ts"
import { isOverload, isRequeued, isSuspending, waitOf } from "./classify.ts"
import { type Assign, hooksOf } from "./governed.ts"
import type { Job } from "./Job.ts"
import type { Entry } from "./Recorder.ts"
import type { Session } from "./Session.ts"
import { type AgentSpan, ofAgent } from "./spans.ts"
import * as Structured from "./structured.ts"

/** How many times an agent returns to the queue without a further step. */
const maxRequeues = 20

const defaultDuration = "2 hours"

const optionsOf = <R>(session: Session<R>, job: Job<R>, span: AgentSpan, assign: Assign): AgentOptions<R> => {
  const { settings } = session
  return {
    tools: job.tools,
    request: { ...settings.options.request, ...job.request },
    limits: { duration: defaultDuration, ...settings.options.agentLimits, ...job.limits },
    // Assignments of one turn run in parallel.
    toolConcurrency: settings.agents,
    hooks: hooksOf(session, job, span, assign)
  }
}

const isContent = ({ _tag }: AgentEvent): boolean => _tag === "Reasoning" || _tag === "Text" || _tag === "Usage"

const messagesOf = <R>({ prompt, system }: Job<R>): ReadonlyArray<Message> => [
  { role: "system", content: system },
  { role: "user", content: prompt }
]

/**
 * Runs an agent from its beginning, or from where it was. Its responses are
 * streamed, so that a long one is not cut by a gateway, and the first token is seen.
 */
const attempt = <R>(
  session: Session<R>,
  job: Job<R>,
  options: AgentOptions<R>
): Effect.Effect<AgentResult, InvalidRequestError, R | KimiClient> =>
  Effect.gen(function* () {
    const client = yield* KimiClient
    const clock = yield* Clock.Clock
    const settings = yield* Effect.fromResult(AgentSettings.resolve(options))
    const state = session.states.get(job.id) ?? AgentState.make(messagesOf(job), job.id)
    let hasContent = job.depth === 0
    const emit = (events: ReadonlyArray<AgentEvent>): Effect.Effect<void> => {
      if (hasContent || !events.some(isContent)) return Effect.void
      hasContent = true
      return session.queue.firstToken
    }
    return yield* drive(client, new AgentSession(state, settings, clock, emit))
  })

/** Asks an agent that is done for one more message. */
const ask = <R>(
  session: Session<R>,
  job: Job<R>,
  options: AgentOptions<R>,
  result: AgentResult,
  request: string
): Effect.Effect<AgentResult, InvalidRequestError, R | KimiClient> => {
  const asked = AgentState.addMessages({ role: "user", content: request })(result.state)
  session.states.set(job.id, asked)
  const steps = Math.max(options.limits?.steps ?? 100, asked.steps + 1)
  return attempt(session, job, { ...options, limits: { ...options.limits, steps } })
}

type Work<R> = (result: AgentResult) => Effect.Effect<AgentResult, InvalidRequestError, R | KimiClient>

/** Asks for a summary of a result that is too long. */
const summarized = <R>(session: Session<R>, job: Job<R>, options: AgentOptions<R>): Work<R> =>
  Effect.fnUntraced(function* (result) {
    const { maxResultBytes } = session.settings
    const isLong = result.outcome._tag === "Finished" && byteLength(result.text) > maxResultBytes
    if (!isLong || job.depth === 0 || job.result !== undefined) return result
    const request = `Your result is too long. Summarize it in at most ${Math.floor(maxResultBytes / 2)} bytes, with all facts and figures that matter, and call no tool.`
    return yield* ask(session, job, options, result, request)
  })

/** Asks once for another result where it does not match its schema. */
const repaired = <R>(session: Session<R>, job: Job<R>, options: AgentOptions<R>): Work<R> =>
  Effect.fnUntraced(function* (result) {
    if (result.outcome._tag !== "Finished" || job.result === undefined) return result
    if (Result.isSuccess(Structured.decode(job.result, result.text))) return result
    return yield* ask(session, job, options, result, `Your result is not valid. ${Structured.instruction(job.result)}`)
  })

const settle = <R>(session: Session<R>, job: Job<R>, entry: Entry, result: AgentResult): AgentOutcome => {
  const { outcome, text } = result
  entry.text = job.result === undefined ? bounded(text, session.settings.maxResultBytes) : text
  if (outcome._tag === "Stopped") return outcome
  if (outcome._tag === "ApprovalRequired") {
    const [first] = outcome.approvals
    const error = new ToolApprovalRequiredError({
      message: "A tool call of the agent needs an approval",
      tool: first?.tool ?? "",
      callId: first?.callId ?? ""
    })
    return { _tag: "Stopped", error }
  }
  if (job.result === undefined) return { _tag: "Finished" }
  const decoded = Structured.decode(job.result, text)
  if (Result.isFailure(decoded)) return { _tag: "Stopped", error: decoded.failure }
  entry.value = decoded.success
  return { _tag: "Finished" }
}

/** What an agent does after an attempt. */
type Next =
  | { readonly _tag: "Done"; readonly result: AgentResult }
  | { readonly _tag: "Again"; readonly error: AgentError }

const nextOf = (result: AgentResult): Next => {
  const { outcome } = result
  return outcome._tag === "Stopped" && (isSuspending(outcome.error) || isRequeued(outcome.error))
    ? { _tag: "Again", error: outcome.error }
    : { _tag: "Done", result }
}

/** What an attempt means for the others, before the agent makes room for the next one. */
const noted = <R>({ queue, settings }: Session<R>, job: Job<R>, result: AgentResult): Effect.Effect<void> => {
  const { outcome } = result
  if (job.depth === 0 || outcome._tag !== "Stopped") return Effect.void
  if (isOverload(outcome.error)) return queue.refused
  return settings.options.stopOnFailure === true && nextOf(result)._tag === "Done" ? queue.suspend : Effect.void
}

/** What an agent works with. */
interface Worker<R> {
  readonly job: Job<R>
  readonly entry: Entry
  readonly options: AgentOptions<R>
  readonly span: AgentSpan
}

/** One attempt in the queue. An orchestrator does not wait: what it waits for are its agents. */
const admitted = <R>(session: Session<R>, { entry, job, options, span }: Worker<R>, wait: number) => {
  const { queue, recorder } = session
  const begun = Effect.suspend(() => {
    const isFirst = entry.start === undefined
    recorder.begin(job.id, session.now)
    const started = isFirst ? session.emit({ _tag: "AgentStarted", agent: job.id }) : Effect.void
    return Effect.andThen(span.admitted, started)
  })
  const work = begun.pipe(
    Effect.andThen(attempt(session, job, options)),
    Effect.flatMap(summarized(session, job, options)),
    Effect.flatMap(repaired(session, job, options)),
    Effect.tap((result) => noted(session, job, result))
  )
  if (job.depth === 0 || session.run?.isFollowed(job.id) === true) {
    return Effect.andThen(wait === 0 ? Effect.void : Effect.sleep(wait), work)
  }
  const acquired = session.run === undefined ? Effect.void : session.run.acquire(job.id)
  // The agents that work are never more than may: the next one starts when this one has its outcome.
  const isLast = (result: AgentResult) => nextOf(result)._tag === "Done"
  return queue.admitted({ id: job.id, rank: job.rank, wait }, Effect.andThen(acquired, work), isLast)
}

/** Works until the agent is done, however often the host refuses its calls. */
const untilDone = <R>(session: Session<R>, worker: Worker<R>) =>
  Effect.gen(function* () {
    const { entry, job, span } = worker
    let wait = 0
    let requeues = 0
    let steps = -1
    for (;;) {
      const result = yield* admitted(session, worker, wait)
      const next = nextOf(result)
      if (next._tag === "Done") return result
      if (isSuspending(next.error)) {
        entry.outcome = { _tag: "Suspended" }
        yield* session.suspended(job.id, next.error)
        entry.outcome = undefined
        wait = 0
        continue
      }
      requeues = result.steps > steps ? 0 : requeues + 1
      steps = result.steps
      if (requeues >= maxRequeues) return result
      wait = waitOf(next.error, requeues)
      entry.requeues++
      const reason = next.error._tag
      session.metrics.requeued(reason)
      yield* span.requeued(reason, wait)
      yield* session.emit({ _tag: "Requeued", agent: job.id, reason, waitMillis: wait })
    }
  })

/** Runs an agent. Its outcome is in the recorder. */
export const runJob = <R>(
  session: Session<R>,
  job: Job<R>,
  assign: Assign
): Effect.Effect<Entry, never, R | KimiClient> =>
  ofAgent(job, (span) => session.during(job, worked(session, job, span, assign)))

const worked = <R>(
  session: Session<R>,
  job: Job<R>,
  span: AgentSpan,
  assign: Assign
): Effect.Effect<Entry, never, R | KimiClient> =>
  Effect.gen(function* () {
    const entry = session.recorder.add(job)
    entry.end = undefined
    const options = optionsOf(session, job, span, assign)
    const work = untilDone(session, { entry, job, options, span }).pipe(
      Effect.map((result) => settle(session, job, entry, result)),
      Effect.catch((error): Effect.Effect<AgentOutcome> => Effect.succeed({ _tag: "Stopped", error }))
    )
    const outcome = yield* session.run === undefined ? work : durably(session, session.run, job, entry, work)
    entry.outcome = outcome
    yield* session.ended(entry)
    if (outcome._tag === "Stopped" && job.depth > 0 && session.settings.options.stopOnFailure === true) {
      yield* session.end({ _tag: "Failed", error: outcome.error })
    }
    return entry
  })
