/** Chat and streams of one client: the request is checked, passes the stages, and is observed. */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { withDetails } from "@kimi-effect/core/internal/ErrorDetails"
import * as SendGate from "@kimi-effect/core/internal/SendGate"
import type { ClientClosedError } from "@kimi-effect/core/ResilienceErrors"
import type { StreamError } from "@kimi-effect/core/OperationErrors"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import type { Values } from "@kimi-effect/core/KimiConfig"
import type { ChatRequest, ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import type { Observer } from "@kimi-effect/core/Observer"
import type { Call, CallLimits } from "@kimi-effect/core/Call"
import * as Pipeline from "@kimi-effect/core/Pipeline"
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import type { KimiClient } from "../KimiClient.ts"
import type { Provider } from "../Provider.ts"
import * as RequestCheck from "../RequestCheck.ts"
import type { Accounts } from "./accounts.ts"
import { callLimits } from "./callLimits.ts"
import * as Lifetime from "./lifetime.ts"
import { readRequest } from "./readRequest.ts"
import { withSpan, withStreamSpan } from "./spans.ts"
import { make as makeStages, type BuiltPipeline } from "./stages.ts"

type Events = Arr.NonEmptyReadonlyArray<StreamEvent>

/** Attaches what had arrived to the error that ends a stream. A stream cannot fail after `Finish`. */
const withPartial = (
  pull: Pull.Pull<Events, StreamError>,
  lifetime: Lifetime.Lifetime
): Pull.Pull<Events, StreamError> => {
  let fold = StreamFold.empty
  // Not `Pull.matchEffect`, which keeps two more closures for each open stream.
  return Effect.matchCauseEffect(pull, {
    onSuccess: (events) => {
      fold = StreamFold.steps(fold, events)
      return Effect.succeed(events)
    },
    onFailure: (ended): Pull.Pull<Events, StreamError> => {
      const halt = Pull.filterDone(ended)
      if (Result.isSuccess(halt) || (fold.finish !== undefined && Cause.hasFails(halt.failure))) return Cause.done()
      return Effect.failCause(
        Cause.map(halt.failure, (error) =>
          withDetails(Lifetime.mapError(lifetime, error), {
            partial: StreamFold.toPartial(fold),
            requestId: fold.start?.requestId,
            traceId: fold.start?.traceId
          })
        )
      )
    }
  })
}

/** The dependencies of `make`. */
interface CallsDependencies {
  readonly config: Values
  readonly provider: Provider
  readonly accounts: Accounts
  readonly lifetime: Lifetime.Lifetime
  readonly observer: Observer["Service"] | undefined
  /** Options of spans without an observer. */
  readonly span: Tracer.SpanOptionsNoTrace
}

/** The calls and the pipeline that runs them. */
interface Calls extends Pick<KimiClient["Service"], "chat" | "stream">, BuiltPipeline {
  /** The model of a request that may name none. */
  readonly resolveModel: (model: string | undefined) => string
}

type ReadRequest = Result.Result<ModelRequest, InvalidRequestError>

/** The request that an observer reads; one that cannot be read has no members. */
const observed = (request: ReadRequest): ChatRequest => (Result.isSuccess(request) ? request.success : { messages: [] })

type CallTap = ReturnType<Observer["Service"]["observeCalls"]>

/** Without an observer, a call has at most a span. */
const withSpans = (options: Tracer.SpanOptionsNoTrace): CallTap => ({
  chat: (_, model, run) => withSpan(run, `chat ${model}`, options),
  stream: (_, model, events) => withStreamSpan(events, `chat ${model}`, options)
})

const originOf = ({ accounts, provider }: CallsDependencies) => ({
  account: accounts.primary,
  provider: provider.id,
  baseUrl: provider.baseUrl
})

const tapOptions = ({ hasStreamRecovery, services, stages }: BuiltPipeline) => ({
  hasCache: services.cache !== undefined && stages.some(({ name }) => name === "cache"),
  hasStreamRecovery
})

/** Builds the calls of a client. */
export const make = Effect.fnUntraced(function* (
  dependencies: CallsDependencies
): Effect.fn.Return<Calls, ConfigurationError> {
  const { accounts, config, lifetime, observer, provider, span } = dependencies
  const check = (request: ModelRequest) => RequestCheck.check(request, provider, config.requestPolicy)
  const pipeline = yield* makeStages({ accounts, check, config, observer })
  const runChat = Pipeline.effect(pipeline.running, SendGate.gated(accounts.chat))
  const runStream = Pipeline.stream(pipeline.running, accounts.stream)

  const resolveModel: Calls["resolveModel"] = (model) => model ?? config.model ?? provider.defaultModel
  const read = (request: ChatRequest) => readRequest(request, provider.id, resolveModel)

  // A recovery has to know which account and model each attempt reached.
  const toCall = (request: ModelRequest, limits: CallLimits | undefined): Call => {
    const call: Call = { account: accounts.primary, provider: provider.id, request }
    if (!pipeline.hasStreamRecovery) return limits === undefined ? call : { ...call, limits }
    return limits === undefined ? { ...call, state: {} } : { ...call, state: {}, limits }
  }

  type PrepareError = RequestCheck.CheckError | ClientClosedError
  const prepare = (request: ReadRequest): Effect.Effect<Call, PrepareError> =>
    Effect.withFiber(({ context }): Effect.Effect<Call, PrepareError> => {
      if (!lifetime.isOpen()) return Effect.fail(Lifetime.notStarted())
      if (Result.isFailure(request)) return Effect.fail(request.failure)
      const limits = callLimits(context, provider.id)
      if (Result.isFailure(limits)) return Effect.fail(limits.failure)
      const toLimited = (checked: ModelRequest): Call => toCall(checked, limits.success)
      // A plan checks for each of its hosts, and a rejection by the first may be what moves the call to another.
      return pipeline.isCheckedByFallback
        ? Effect.map(Effect.fromResult(RequestCheck.checkShape(request.success, provider)), () =>
            toLimited(request.success)
          )
        : Effect.map(check(request.success), toLimited)
    })

  const chat = (request: ReadRequest) =>
    Effect.mapError(Effect.flatMap(prepare(request), runChat), (error) => Lifetime.mapError(lifetime, error))
  // One step for all that is done here: every step of an open stream holds memory for as long as it runs.
  const stream = (request: ReadRequest): Stream.Stream<StreamEvent, StreamError> =>
    Stream.fromChannel(
      Channel.fromTransform((_: unknown, scope: Scope.Scope) =>
        Effect.flatMap(prepare(request), (call) =>
          Effect.map(Channel.toPullScoped(runStream(call).channel, scope), (pull) => withPartial(pull, lifetime))
        )
      )
    )
  /** The model in names and labels. A request that cannot be read has the default one. */
  const modelOf = (request: ReadRequest): string => {
    const model: unknown = Result.isSuccess(request) ? request.success.model : undefined
    return typeof model === "string" ? model : resolveModel(undefined)
  }
  const tap =
    observer === undefined ? withSpans(span) : observer.observeCalls(originOf(dependencies), tapOptions(pipeline))
  return {
    ...pipeline,
    resolveModel,
    chat: (request) => {
      const given = read(request)
      return tap.chat(observed(given), modelOf(given), chat(given))
    },
    stream: (request) => {
      const given = read(request)
      return tap.stream(observed(given), modelOf(given), stream(given))
    }
  }
})
