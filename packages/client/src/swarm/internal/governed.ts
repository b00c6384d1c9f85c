/** Puts the limits of a swarm around each call of its agents. */
import { TokenLimitError, ToolCallLimitError } from "@kimi-effect/core/AgentErrors"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import { AgentLimitError, DepthLimitError } from "@kimi-effect/core/SwarmErrors"
import * as BigDecimal from "effect/BigDecimal"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { AgentHooks, ModelCall, ToolRun } from "../../agent/AgentHooks.ts"
import type { AgentError } from "../../agent/AgentResult.ts"
import type { CallResult } from "../../agent/AgentState.ts"
import { addCost } from "../../agent/internal/loop/transitions.ts"
import * as Results from "../../agent/internal/loop/results.ts"
import * as Charge from "../../agent/internal/loop/charge.ts"
import { returned } from "../../agent/internal/loop/returned.ts"
import { markTool } from "./dataMarks.ts"
import * as Recorded from "./durable/recorded.ts"
import type { ModelResult, PlanRefusal } from "./durable/recorded.ts"
import type { Job } from "./Job.ts"
import * as Ledger from "./Ledger.ts"
import type { Purchase } from "./SwarmBudget.ts"
import { assignArguments, isOwn } from "./ownTools.ts"
import { totalsOf } from "./Recorder.ts"
import { orchestrator, type Session } from "./Session.ts"
import type { AgentSpan } from "./spans.ts"

/** The id of the agent that a call of `assign_task` starts. */
export const idOf = (parent: string, step: number, position: number, args: string): string => {
  const name = assignArguments(args)?.agent ?? "agent"
  return `${parent === orchestrator ? "" : `${parent} > `}${name} ${step}.${position}`
}

/** Whether the host has certainly billed nothing. */
const isFree = (exit: Exit.Exit<ChatResponse, AgentError>): boolean => {
  if (Exit.isSuccess(exit) || Cause.hasInterrupts(exit.cause)) return false
  const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
  return error !== undefined && "billing" in error && error.billing === "none" && !("partial" in error && error.partial)
}

/** The same limits for the call of the conclusion, which may use what was kept. */
const tokensLeft = <R>({ settings, tokens }: Session<R>): TokenLimitError | undefined =>
  tokens.used < settings.tokens
    ? undefined
    : new TokenLimitError({
        message: `The swarm has used ${tokens.used} of its ${settings.allTokens} tokens; the rest is kept for its conclusion`,
        limit: settings.allTokens,
        used: tokens.used
      })

/** Makes a call with the money that it needs. */
export const buy = <R>(
  { budget }: Session<R>,
  agent: string,
  { request }: ModelCall,
  make: Effect.Effect<ChatResponse, AgentError>,
  aside: Purchase<ChatResponse>["aside"] = (wait) => wait
): Effect.Effect<ChatResponse, AgentError> => {
  if (budget === undefined) return make
  return budget.buy({
    agent,
    request,
    aside,
    make: CallOptions.provide({ maxAttempts: 1 })(make),
    costOf: (exit) => {
      if (Exit.isFailure(exit)) return Effect.succeed(isFree(exit) ? Ledger.zero : undefined)
      return Effect.map(Charge.of(request, exit.value), ({ cost }) =>
        Option.getOrUndefined(Option.map(cost, ({ total }) => total))
      )
    }
  })
}

/** An agent that waits for money makes room for others in the queue. Those outside of it take no place there. */
const asideOf =
  <R>({ queue, run }: Session<R>, { depth, id, rank }: Job<R>): Purchase<ChatResponse>["aside"] =>
  (wait) =>
    depth === 0 || run?.isFollowed(id) === true ? wait : queue.aside({ id, rank: rank + 1 }, wait)

/** Records a response that the host has made now in the metrics, also when the journal fails to record it. */
export const recordResponse = <R>(
  { metrics }: Session<R>,
  { request }: ModelCall,
  response: ChatResponse
): Effect.Effect<void> =>
  Effect.map(Charge.of(request, response), ({ cost }) => {
    metrics.step()
    if (Option.isSome(cost)) metrics.spent(cost.value.currency, BigDecimal.toNumberUnsafe(cost.value.total))
  })

/** Counts what a response has used. */
const count = <R>(session: Session<R>, agent: string, call: ModelCall, response: ChatResponse, isBought: boolean) =>
  Effect.map(Charge.of(call.request, response), ({ cost, usage }) => {
    if (session.isCounted(agent, call.step)) return usage
    if (isBought) session.tokens.add(usage.total_tokens)
    else session.tokens.replay(usage.total_tokens)
    if (Option.isSome(cost)) session.costs = addCost(session.costs, cost.value)
    if (!isBought && Option.isSome(cost)) session.budget?.spend(agent, cost.value.total)
    return usage
  })

/** The tool calls of a response without those that concern sub-agents. */
export const callsOf = ({ toolCalls }: Pick<ChatResponse, "toolCalls">): number =>
  toolCalls.filter((one) => !isOwn(one.function.name)).length

/** The sub-agents that a response assigns tasks to. */
const assignedBy = <R>(job: Job<R>, { step }: ModelCall, { toolCalls }: ChatResponse): ReadonlyArray<string> =>
  toolCalls.flatMap(({ function: { arguments: args, name } }, position) =>
    name === "assign_task" ? [idOf(job.id, step, position, args)] : []
  )

/** Checks the sub-agents that a response starts, before any of them does. They are planned when it refuses nothing. */
const refusalOf = <R>(
  { budget, planned, settings }: Session<R>,
  job: Job<R>,
  ids: ReadonlyArray<string>
): PlanRefusal | undefined => {
  if (ids.length === 0) return undefined
  if (job.depth >= settings.depth) {
    const message = `A sub-agent at level ${job.depth} cannot create others`
    return new DepthLimitError({ message, agent: job.id, limit: settings.depth })
  }
  const added = ids.filter((id) => !planned.has(id))
  if (planned.size + added.length > settings.agents) {
    return new AgentLimitError({
      message: `${added.length} more sub-agents exceed the ${settings.agents} of the swarm`,
      limit: settings.agents,
      requested: planned.size + added.length
    })
  }
  const refusal = budget?.refusalOf(added.length)
  if (refusal !== undefined) return refusal
  for (const id of added) planned.add(id)
  budget?.plan(added, job.id)
  return undefined
}

/** Plans the sub-agents that a response starts, or remembers why none of them does. */
const plan = <R>(
  session: Session<R>,
  job: Job<R>,
  { step }: ModelCall,
  ids: ReadonlyArray<string>,
  refusal: PlanRefusal | undefined
): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (ids.length === 0) return Effect.void
    if (refusal === undefined) {
      // The decision may have been recorded by another process.
      for (const id of ids) session.planned.add(id)
      session.budget?.plan(ids, job.id)
      return session.emit({ _tag: "Planned", agents: ids, by: job.id })
    }
    if (refusal._tag !== "DepthLimitError") session.refusedPlans.set(`${job.id}/${step}`, session.limited(refusal))
    return session.emit({ _tag: "PlanRefused", by: job.id, error: refusal })
  })

/** Takes the tool calls of a response from those of the swarm: all of them, or none. */
const callRefusalOf = <R>(
  { countedCalls, settings, toolCalls }: Session<R>,
  job: Job<R>,
  { step }: ModelCall,
  response: ChatResponse
): ToolCallLimitError | undefined => {
  const turn = `${job.id}/${step}`
  const calls = callsOf(response)
  if (calls === 0 || countedCalls.has(turn)) return undefined
  const limit = settings.toolCalls
  if (toolCalls.used + calls > limit) {
    const message = `${calls} more tool calls exceed the ${limit} of the swarm`
    return new ToolCallLimitError({ agent: job.id, message, limit })
  }
  countedCalls.add(turn)
  toolCalls.add(calls)
  return undefined
}

/** What was decided about the tool calls of a response. A refusal under another limit is decided again. */
const decidedCalls = <R>(
  session: Session<R>,
  job: Job<R>,
  call: ModelCall,
  { callRefusal: recorded, response }: ModelResult
): Effect.Effect<ToolCallLimitError | undefined, AgentError> => {
  const { run, settings } = session
  if (run === undefined || recorded === undefined || recorded.limit === settings.toolCalls) {
    return Effect.succeed(recorded)
  }
  const decide = Effect.sync(() => {
    const refusal = callRefusalOf(session, job, call, response)
    return refusal === undefined ? {} : { refusal }
  })
  return Effect.map(Recorded.callDecision(run, job.id, call.step, settings.toolCalls, decide), ({ refusal }) => refusal)
}

/** Counts the tool calls of a response that were decided on elsewhere or earlier, or remembers that none of them runs. */
const applyCalls = <R>(
  session: Session<R>,
  job: Job<R>,
  { step }: ModelCall,
  response: ChatResponse,
  refusal: ToolCallLimitError | undefined
): void => {
  const turn = `${job.id}/${step}`
  if (refusal !== undefined) session.refusedCalls.set(turn, session.limited(refusal))
  else if (!session.countedCalls.has(turn)) {
    session.countedCalls.add(turn)
    session.toolCalls.replay(callsOf(response))
  }
}

const callModel =
  <R>(session: Session<R>, job: Job<R>, span: AgentSpan): NonNullable<AgentHooks["callModel"]> =>
  (call, make) =>
    span.callModel(call.step, respond(session, job, call, make))

const respond = <R>(
  session: Session<R>,
  job: Job<R>,
  call: ModelCall,
  make: Effect.Effect<ChatResponse, AgentError>
): Effect.Effect<ChatResponse, AgentError> =>
  Effect.gen(function* () {
    const { queue, recorder, settings } = session
    yield* session.emit({ _tag: "StepStarted", agent: job.id, step: call.step })
    let isBought = false
    // An agent that waits for money does not work.
    let start: number | undefined
    const begun = Effect.suspend(() => {
      start = session.now
      return make
    })
    const bought = buy(session, job.id, call, begun, asideOf(session, job)).pipe(
      Effect.tap((response) => {
        isBought = true
        return recordResponse(session, call, response)
      }),
      Effect.onExit((exit) =>
        Effect.sync(() => {
          const isFailure = Exit.isFailure(exit)
          if (start !== undefined)
            recorder.activity(job.id, { kind: "model", name: "model", start, end: session.now, isFailure })
        })
      )
    )
    const hook = settings.options.hooks?.callModel
    // What was recorded is paid, so it is replayed beyond the limit too.
    const allowed = Effect.suspend(() => {
      const refusal = tokensLeft(session)
      return refusal === undefined ? bought : Effect.fail(session.limited(refusal))
    })
    const made = Effect.map(
      hook === undefined ? allowed : returned("hooks.callModel", hook(call, allowed)),
      (response): ModelResult => {
        const refusal = refusalOf(session, job, assignedBy(job, call, response))
        const callRefusal = callRefusalOf(session, job, call, response)
        return {
          response,
          ...(refusal === undefined ? {} : { refusal }),
          ...(callRefusal === undefined ? {} : { callRefusal })
        }
      }
    )
    const result = yield* session.run === undefined ? made : Recorded.model(session.run, job.id, call, made)
    const { refusal: planRefusal, response } = result
    const usage = yield* count(session, job.id, call, response, isBought)
    // The prefix of an orchestrator is not that of its agents.
    if (job.depth > 0) yield* queue.responded
    applyCalls(session, job, call, response, yield* decidedCalls(session, job, call, result))
    yield* plan(session, job, call, assignedBy(job, call, response), planRefusal)
    const total = totalsOf(session.costs)
    yield* session.emit({ _tag: "Spent", agent: job.id, step: call.step, usage, total })
    return response
  }).pipe(
    Effect.tapError((error) =>
      Effect.sync(() => {
        if ("scope" in error && error.scope === `swarm:${session.settings.id}`) {
          session.limited(error)
        }
      })
    )
  )

/** Starts sub-agents for the calls of a model. */
export type Assign = (call: ToolRun) => Effect.Effect<CallResult>

/** The outcome of a tool call as a label. */
const toolOutcome = (result: CallResult): string =>
  result.isFailure ? (Results.errorOf(result)?._tag ?? "failed") : "ok"

const callTool =
  <R>(session: Session<R>, job: Job<R>, span: AgentSpan, assign: Assign): NonNullable<AgentHooks["callTool"]> =>
  (call, run) =>
    span.callTool(call, isOwn(call.tool) ? assign(call) : runTool(session, job, call, run), toolOutcome)

const runTool = <R>(
  session: Session<R>,
  job: Job<R>,
  call: ToolRun,
  run: Effect.Effect<CallResult>
): Effect.Effect<CallResult, AgentError> =>
  Effect.gen(function* () {
    const refusal = session.refusedCalls.get(`${job.id}/${call.step}`)
    if (refusal !== undefined) return yield* Effect.fail(refusal)
    const { callId, tool } = call
    yield* session.emit({ _tag: "ToolCalled", agent: job.id, callId, tool })
    const start = session.now
    let isFailure = true
    const timed = run.pipe(
      Effect.tap((result) =>
        Effect.sync(() => {
          isFailure = result.isFailure
          session.metrics.toolEnded(toolOutcome(result))
        })
      ),
      Effect.ensuring(
        Effect.sync(() =>
          session.recorder.activity(job.id, { kind: "tool", name: tool, start, end: session.now, isFailure })
        )
      )
    )
    const hook = session.settings.options.hooks?.callTool
    const made = hook === undefined ? timed : returned("hooks.callTool", hook(call, timed))
    const result = yield* session.run === undefined ? made : Recorded.tool(session.run, job.id, call, made)
    yield* session.emit({ _tag: "ToolReturned", agent: job.id, callId, tool, isFailure: result.isFailure })
    return markTool(tool, result)
  })

export const hooksOf = <R>(session: Session<R>, job: Job<R>, span: AgentSpan, assign: Assign): AgentHooks => ({
  callModel: callModel(session, job, span),
  callTool: callTool(session, job, span, assign),
  checkpoint: (state) => session.checkpoint(job.id, state)
})
