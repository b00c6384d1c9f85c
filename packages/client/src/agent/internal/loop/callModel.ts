/** One turn of the model: sends the conversation, and adds the response to it. */
import * as CallOptions from "@kimi-effect/core/CallOptions"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import type { StreamError } from "@kimi-effect/core/OperationErrors"
import { StreamTruncatedError } from "@kimi-effect/core/StreamErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { isThinking } from "../../../internal/rules/Rule.ts"
import type { KimiClient } from "../../../KimiClient.ts"
import type { AgentEvent } from "../../AgentEvent.ts"
import type { AgentError } from "../../AgentResult.ts"
import type { AgentState } from "../../AgentState.ts"
import * as Charge from "./charge.ts"
import type { Emit, Session } from "./Session.ts"
import type { Settings } from "./Settings.ts"
import * as Transitions from "./transitions.ts"
import { returned } from "./returned.ts"

type Client = KimiClient["Service"]

/** Whether the model must call a tool, which it can be made to do only once for each message of the user. */
const isForced = ({ tool_choice: choice }: Omit<ChatRequest, "messages" | "tools">): boolean =>
  choice === "required" || typeof choice === "object"

const requestOf = <R>({ request, tools }: Settings<R>, { messages }: AgentState): ChatRequest => {
  const hasTools = tools !== undefined && tools.definitions.length > 0
  const { tool_choice: choice, ...rest } = request
  const isContinued = messages.at(-1)?.role === "tool" && isForced(request)
  return {
    ...rest,
    ...(choice === undefined || isContinued ? {} : { tool_choice: choice }),
    messages,
    ...(hasTools ? { tools: tools.definitions } : {})
  }
}

const toAgentEvent = (step: number, event: StreamEvent): AgentEvent | undefined => {
  switch (event._tag) {
    case "ReasoningDelta":
      return event.choice === 0 ? { _tag: "Reasoning", step, text: event.text } : undefined
    case "TextDelta":
      return event.choice === 0 ? { _tag: "Text", step, text: event.text } : undefined
    case "Reset":
      return { _tag: "TurnReset", step, reason: event.reason }
    default:
      return undefined
  }
}

/** The whole response as deltas, where it was not streamed: a hook has returned one that it had before. */
const wholeEvents = (step: number, { reasoning, text }: ChatResponse): ReadonlyArray<AgentEvent> => [
  ...(reasoning === "" ? [] : [{ _tag: "Reasoning", step, text: reasoning } as const]),
  ...(text === "" ? [] : [{ _tag: "Text", step, text } as const])
]

/** Streams a response, and emits its deltas in the groups in which they arrive. */
const streamed = (
  client: Client,
  request: ChatRequest,
  step: number,
  emit: Emit
): Effect.Effect<ChatResponse, StreamError> =>
  Effect.suspend(() => {
    let fold = StreamFold.empty
    const consumed = Stream.runForEachArray(client.stream(request), (events) =>
      Effect.suspend(() => {
        fold = StreamFold.steps(fold, events)
        const deltas = events.flatMap((event) => toAgentEvent(step, event) ?? [])
        return deltas.length === 0 ? Effect.void : emit(deltas)
      })
    )
    return Effect.flatMap(consumed, () =>
      Option.match(StreamFold.toResponse(fold), {
        onSome: (response) => Effect.succeed(response),
        onNone: () => Effect.fail(new StreamTruncatedError({ message: "The stream has no beginning or no end" }))
      })
    )
  })

/** Hosts that refuse a tool call of a thinking model without its reasoning. */
const strictHosts: ReadonlySet<string> = new Set(["moonshot", "moonshot-cn", "custom"])

const needsReasoning = (request: ChatRequest, { model, provider, requestedModel }: ChatResponse): boolean => {
  const known = ModelCatalog.find(request.model ?? requestedModel ?? model)
  return (
    strictHosts.has(provider ?? "custom") && known !== undefined && isThinking({ ...request, model: known.id }, known)
  )
}

/** What a response adds to the events, once it is part of the state. */
const turnEvents = (state: AgentState, { cost, isEstimate, usage }: Transitions.Charge): ReadonlyArray<AgentEvent> => {
  const { costs, steps: step, usage: total } = state
  const spent = costs.map(({ currency, saved, total }) => ({
    currency,
    total: BigDecimal.fromStringUnsafe(total),
    saved: BigDecimal.fromStringUnsafe(saved)
  }))
  return [
    { _tag: "Usage", step, usage, total, isEstimate },
    ...(Option.isSome(cost) ? [{ _tag: "Cost", step, total: spent } as const] : []),
    ...state.calls.map(({ arguments: args, callId, tool }): AgentEvent => ({
      _tag: "ToolCall",
      callId,
      tool,
      arguments: args
    }))
  ]
}

/** Makes the call, or lets the hook make it. */
const make = <R>(client: Client, session: Session<R>, request: ChatRequest, step: number) => {
  const { emit, settings, state } = session
  const { agent } = state
  if (emit === undefined) return withHook(settings, state, request, step, withAgent(agent, client.chat(request)))
  let isStreamed = false
  const call = withAgent(
    agent,
    streamed(client, request, step, (events) => {
      isStreamed = true
      return emit(events)
    })
  )
  return Effect.tap(withHook(settings, state, request, step, call), (response) =>
    isStreamed ? Effect.void : emit(wholeEvents(step, response))
  )
}

const withAgent = <A, E>(agent: string | undefined, call: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  agent === undefined ? call : CallOptions.provide({ agent })(call)

const withHook = <R>(
  { hooks }: Settings<R>,
  { agent = "" }: AgentState,
  request: ChatRequest,
  step: number,
  call: Effect.Effect<ChatResponse, AgentError>
): Effect.Effect<ChatResponse, AgentError> =>
  hooks.callModel === undefined ? call : returned("hooks.callModel", hooks.callModel({ agent, step, request }, call))

/** Takes one turn. */
export const callModel = <R>(client: Client, session: Session<R>): Effect.Effect<void, AgentError> =>
  Effect.gen(function* () {
    const { emit, settings, state } = session
    const step = state.steps + 1
    if (emit !== undefined) yield* emit([{ _tag: "TurnStarted", step }])
    const request = requestOf(settings, state)
    const response = yield* make(client, session, request, step)
    const charge = yield* Charge.of(request, response)
    yield* session.update((current) =>
      Transitions.respond(current, response, charge, needsReasoning(request, response))
    )
    if (emit !== undefined) yield* emit(turnEvents(session.state, charge))
  })
