/** Chat and streams of one client: the request is checked, put through the stages, and observed. */
import { withDetails } from "@kimi-effect/core/internal/ErrorDetails"
import type { StreamError } from "@kimi-effect/core/OperationErrors"
import type { Values } from "@kimi-effect/core/KimiConfig"
import type { ChatRequest, ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import * as CallTap from "@kimi-effect/core/internal/CallTap"
import type { Observer } from "@kimi-effect/core/Observer"
import type { Call } from "@kimi-effect/core/Call"
import * as Fallback from "@kimi-effect/core/Fallback"
import * as Pipeline from "@kimi-effect/core/Pipeline"
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import { FallbackPlan } from "../FallbackPlan.ts"
import type { KimiClient } from "../KimiClient.ts"
import type { Provider } from "../Provider.ts"
import * as RequestCheck from "../RequestCheck.ts"
import type { Accounts } from "./accounts.ts"
import { make as makeStages, type BuiltPipeline } from "./stages.ts"

type Events = Arr.NonEmptyReadonlyArray<StreamEvent>

/** Attaches what had arrived to the error that ends a stream. */
const withPartial = (pull: Pull.Pull<Events, StreamError>): Pull.Pull<Events, StreamError> => {
  let fold = StreamFold.empty
  return Pull.matchEffect(pull, {
    onSuccess: (events) => {
      for (const event of events) fold = StreamFold.step(fold, event)
      return Effect.succeed(events)
    },
    onFailure: (cause) =>
      Effect.failCause(
        Cause.map(cause, (error) =>
          withDetails(error, {
            partial: StreamFold.toPartial(fold),
            requestId: fold.start?.requestId,
            traceId: fold.start?.traceId
          })
        )
      ),
    onDone: () => Cause.done()
  })
}

/** What a client is built of. */
interface CallsDependencies {
  readonly config: Values
  readonly provider: Provider
  readonly accounts: Accounts
  readonly observer: Observer["Service"] | undefined
  /** How spans are made where nobody observes. */
  readonly span: Tracer.SpanOptionsNoTrace
}

/** The calls, with what they are built of. */
interface Calls extends Pick<KimiClient["Service"], "chat" | "stream">, BuiltPipeline {
  /** The model of a request that may name none. */
  readonly resolveModel: (model: string | undefined) => string
}

/** Builds them. */
export const make = Effect.fnUntraced(function* (parts: CallsDependencies): Effect.fn.Return<Calls> {
  const { accounts, config, observer, provider, span } = parts
  const plan = Option.getOrUndefined(yield* Effect.serviceOption(FallbackPlan))
  const check = (request: ModelRequest) => RequestCheck.check(request, provider, config.requestPolicy)
  const fallback = plan === undefined ? Pipeline.off : Fallback.stage({ check, steps: plan.steps })
  const built = yield* makeStages(config, accounts, fallback, observer)
  const through = Pipeline.effect(built.stages, accounts.chat)
  const streamThrough = Pipeline.stream(built.stages, accounts.stream)

  const modelOf: Calls["resolveModel"] = (model) => model ?? config.model ?? provider.defaultModel

  const address = (request: ModelRequest): Call => ({ account: accounts.primary, provider: provider.id, request })

  const prepare = (request: ChatRequest): Effect.Effect<Call, RequestCheck.CheckError> => {
    const named = { ...request, model: modelOf(request.model) }
    // A plan checks for each of its hosts, and a refusal of the first may be what moves the call.
    return plan === undefined ? Effect.map(check(named), address) : Effect.succeed(address(named))
  }

  const chat = (request: ChatRequest) => Effect.flatMap(prepare(request), through)
  // One step for all that is done here: every step of an open stream holds memory for as long as it runs.
  const stream = (request: ChatRequest): Stream.Stream<StreamEvent, StreamError> =>
    Stream.fromChannel(
      Channel.fromTransform((_: unknown, scope: Scope.Scope) =>
        Effect.flatMap(prepare(request), (call) =>
          Effect.map(Channel.toPullScoped(streamThrough(call).channel, scope), withPartial)
        )
      )
    )
  const nameOf = ({ model }: ChatRequest) => `chat ${modelOf(model)}`

  if (observer === undefined) {
    return {
      ...built,
      resolveModel: modelOf,
      chat: (request) => Effect.withSpan(chat(request), nameOf(request), span),
      stream: (request) => Stream.withSpan(stream(request), nameOf(request), span)
    }
  }
  const addressee = { account: accounts.primary, provider: provider.id, baseUrl: provider.baseUrl }
  const tap = CallTap.make(observer, addressee, {
    hasCache: built.services.cache !== undefined,
    hasStreamRecovery: built.stages.recovery !== Pipeline.off
  })
  return {
    ...built,
    resolveModel: modelOf,
    chat: (request) => tap.chat(request, modelOf(request.model), chat(request)),
    stream: (request) => tap.stream(request, modelOf(request.model), stream(request))
  }
})
