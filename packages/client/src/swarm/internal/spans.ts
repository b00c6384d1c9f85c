/**
 * The spans of a swarm: the swarm, its agents, their steps, and the calls of each
 * step. Without a tracer there are none.
 */
import { attributes as a, type Span, type SpanEvent, spanEvents, spans } from "@kimi-effect/core/Telemetry"
import * as BigDecimal from "effect/BigDecimal"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Tracer from "effect/Tracer"
import type { AgentOutcome, SwarmOutcome, SwarmResult } from "../SwarmResult.ts"

type Attributes = Record<string, unknown>

/** The outcome of an agent as a label. */
export const agentOutcome = (outcome: AgentOutcome | undefined): string => {
  if (outcome === undefined) return "interrupted"
  switch (outcome._tag) {
    case "Finished":
      return "ok"
    case "Stopped":
      return outcome.error._tag
    default:
      return outcome._tag.toLowerCase()
  }
}

/** The outcome of a swarm as a label. */
export const swarmOutcome = (outcome: SwarmOutcome): string => {
  if ("error" in outcome) return outcome.error._tag
  return outcome._tag === "Finished" ? "ok" : "cancelled"
}

const operations: { readonly [name: string]: string } = {
  [spans.swarm.name]: "invoke_workflow",
  [spans.swarmAgent.name]: "invoke_agent",
  [spans.swarmTool.name]: "execute_tool"
}

/** The longest name that a span has. Models choose the names of agents. */
const maxName = 128

const open = ({ kind, name }: Span, title: string, attributes: Attributes): Effect.Effect<Tracer.Span> => {
  const operation = operations[name]
  return Effect.makeSpan(operation === undefined ? name : `${operation} ${title.slice(0, maxName)}`, {
    kind,
    attributes: { ...attributes, ...(operation === undefined ? {} : { [a.operationName.name]: operation }) }
  })
}

const close = (span: Tracer.Span, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
  Clock.clockWith((clock) => Effect.sync(() => span.end(clock.currentTimeNanosUnsafe(), Exit.asVoid(exit))))

/** Runs an effect in a span, which `end` completes, if there is a tracer. */
const inSpan = <A, E, R>(
  definition: Span,
  title: string,
  attributes: Attributes,
  use: (span: Tracer.Span | undefined) => Effect.Effect<A, E, R>,
  end: (span: Tracer.Span, exit: Exit.Exit<A, E>) => Exit.Exit<unknown, unknown>
): Effect.Effect<A, E, R> =>
  Effect.withFiber(({ cache }) =>
    cache.tracer === undefined
      ? use(undefined)
      : Effect.acquireUseRelease(
          open(definition, title, attributes),
          (span) => Effect.provideService(use(span), Tracer.ParentSpan, span),
          (span, exit) => Effect.suspend(() => close(span, end(span, exit)))
        )
  )

/** The span of a swarm or of an agent, for events. */
class Traced {
  protected readonly span: Tracer.Span | undefined

  constructor(span: Tracer.Span | undefined) {
    this.span = span
  }

  protected event({ name }: SpanEvent, attributes: Attributes = {}): Effect.Effect<void> {
    const { span } = this
    if (span === undefined) return Effect.void
    return Clock.clockWith((clock) => Effect.sync(() => span.event(name, clock.currentTimeNanosUnsafe(), attributes)))
  }
}

export class SwarmSpan extends Traced {
  suspended(error: string): Effect.Effect<void> {
    return this.event(spanEvents.swarmSuspended, { [a.errorType.name]: error })
  }

  get resumed(): Effect.Effect<void> {
    return this.event(spanEvents.swarmResumed)
  }
}

/** The span of an agent, with those of its steps, of which one is open at a time. */
export class AgentSpan extends Traced {
  #step: Tracer.Span | undefined

  get admitted(): Effect.Effect<void> {
    return this.event(spanEvents.swarmAdmitted)
  }

  requeued(error: string, waitMillis: number): Effect.Effect<void> {
    return this.event(spanEvents.swarmRequeued, { [a.errorType.name]: error, [a.wait.name]: waitMillis / 1_000 })
  }

  /** Makes a call of the model, in the span of the step that it begins. The tool calls of its response belong to it too. */
  callModel<A, E, R>(step: number, call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    if (this.span === undefined) return call
    return Effect.andThen(
      this.endStep(Exit.void),
      Effect.flatMap(open(spans.swarmStep, "", { [a.step.name]: step }), (span) => {
        this.#step = span
        return Effect.onExit(Effect.provideService(call, Tracer.ParentSpan, span), (exit) =>
          Exit.isSuccess(exit) ? Effect.void : this.endStep(exit)
        )
      })
    )
  }

  /** Makes a tool call in its span, below its step. */
  callTool<A, E, R>(
    { callId, tool }: { readonly callId: string; readonly tool: string },
    call: Effect.Effect<A, E, R>,
    outcomeOf: (result: A) => string
  ): Effect.Effect<A, E, R> {
    const { span } = this
    if (span === undefined) return call
    const attributes = { [a.toolName.name]: tool, [a.toolCallId.name]: callId }
    return Effect.provideService(
      inSpan(
        spans.swarmTool,
        tool,
        attributes,
        () => call,
        (own, exit) => {
          own.attribute(a.outcome.name, Exit.isSuccess(exit) ? outcomeOf(exit.value) : "interrupted")
          return exit
        }
      ),
      Tracer.ParentSpan,
      this.#step ?? span
    )
  }

  /** Ends the step that is open, if there is one. */
  endStep(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    const step = this.#step
    this.#step = undefined
    return step === undefined ? Effect.void : close(step, exit)
  }
}

/** Runs an agent in its span. */
export const ofAgent = <A extends { readonly outcome: AgentOutcome | undefined }, R>(
  { id, name }: { readonly id: string; readonly name: string },
  use: (span: AgentSpan) => Effect.Effect<A, never, R>
): Effect.Effect<A, never, R> => {
  const attributes = { [a.agentName.name]: name, [a.agentId.name]: id }
  return inSpan(
    spans.swarmAgent,
    name,
    attributes,
    (span) => {
      const agent = new AgentSpan(span)
      return Effect.onExit(use(agent), (exit) => agent.endStep(exit))
    },
    (span, exit) => {
      const outcome = Exit.isSuccess(exit) ? exit.value.outcome : undefined
      span.attribute(a.outcome.name, agentOutcome(outcome))
      if (outcome?._tag !== "Stopped") return exit
      span.attribute(a.errorType.name, outcome.error._tag)
      return Exit.fail(outcome.error)
    }
  )
}

const annotate = (span: Tracer.Span, { outcome, report }: SwarmResult): void => {
  const { agents, cost, criticalSteps, steps, toolCalls, usage } = report
  span.attribute(a.outcome.name, swarmOutcome(outcome))
  if ("error" in outcome) span.attribute(a.errorType.name, outcome.error._tag)
  span.attribute(a.swarmAgentCount.name, agents.length)
  span.attribute(a.swarmSteps.name, steps)
  span.attribute(a.swarmCriticalSteps.name, criticalSteps)
  span.attribute(a.swarmToolCalls.name, toolCalls)
  span.attribute(a.usageInputTokens.name, usage.prompt_tokens)
  span.attribute(a.usageOutputTokens.name, usage.completion_tokens)
  span.attribute(a.usageCacheReadTokens.name, usage.cached_tokens)
  const [first, ...others] = cost
  if (first === undefined || others.length > 0) return
  span.attribute(a.cost.name, BigDecimal.toNumberUnsafe(first.total))
  span.attribute(a.currency.name, first.currency)
}

/** Runs a swarm in its span. */
export const ofSwarm = <E, R>(
  id: string,
  use: (span: SwarmSpan) => Effect.Effect<SwarmResult, E, R>
): Effect.Effect<SwarmResult, E, R> =>
  inSpan(
    spans.swarm,
    id,
    { [a.workflowName.name]: id },
    (span) => use(new SwarmSpan(span)),
    (span, exit) => {
      if (!Exit.isSuccess(exit)) {
        span.attribute(a.outcome.name, "interrupted")
        return exit
      }
      const { outcome } = exit.value
      annotate(span, exit.value)
      return "error" in outcome ? Exit.fail(outcome.error) : exit
    }
  )

/** A context without the span in which it arose, so that effects which it is provided to keep their own. */
export const withoutSpan = <R>(context: Context.Context<R>): Context.Context<R> =>
  Context.omit(Tracer.ParentSpan)(context) as Context.Context<R>
