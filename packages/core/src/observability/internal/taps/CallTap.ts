/**
 * Observes calls as their callers see them: a span for each, its record and its
 * metrics. It is outside all stages.
 *
 * @since 0.1.0
 */
import * as Channel from "effect/Channel"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { CallOptions, type Values } from "../../../CallOptions.ts"
import type { ChatError, StreamError } from "../../../errors/OperationErrors.ts"
import type { ChatRequest } from "../../../models/ChatRequest.ts"
import type { ChatResponse } from "../../../models/ChatResponse.ts"
import * as FiberContext from "../../../internal/FiberContext.ts"
import type { StreamEvent } from "../../../models/StreamEvent.ts"
import * as CallSpan from "./CallSpan.ts"
import { CallRecorder, type CallRecorderDependencies, contextOf } from "./CallRecorder.ts"
import type { Observation } from "./Observation.ts"
import { ObservedStream } from "./ObservedStream.ts"
import type { ResponseOrigin } from "./RequestAttributes.ts"
import * as ResponseMetadata from "./ResponseMetadata.ts"

/**
 * What observes the calls of one client.
 *
 * @category models
 * @since 0.1.0
 */
export interface CallTap {
  /** Observes a call for a whole response. */
  readonly chat: (
    request: ChatRequest,
    model: string,
    run: Effect.Effect<ChatResponse, ChatError>
  ) => Effect.Effect<ChatResponse, ChatError>
  /** Observes a call for a stream, until it ends. */
  readonly stream: (
    request: ChatRequest,
    model: string,
    events: Stream.Stream<StreamEvent, StreamError>
  ) => Stream.Stream<StreamEvent, StreamError>
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Whether the client has a cache. */
  readonly hasCache: boolean
  /** Whether a stream may call a host again after its first content. */
  readonly hasStreamRecovery: boolean
}

/** Ends the observation of a call for a whole response. */
const endChat = (
  recorder: CallRecorder,
  observation: Observation,
  { model, request }: { readonly request: ChatRequest; readonly model: string },
  caller: Values,
  exit: Exit.Exit<ChatResponse, ChatError>
): Effect.Effect<void> | undefined => {
  const response = exit._tag === "Success" ? exit.value : undefined
  recorder.annotateContent(observation, response)
  const metadata = response === undefined ? ResponseMetadata.empty : recorder.metadataOf(observation, response, request)
  return recorder.end(observation, model, metadata, exit, caller)
}

const observeChat =
  (recorder: CallRecorder): CallTap["chat"] =>
  (request, model, run) =>
    CallSpan.useCallSpan(
      `chat ${model}`,
      (context) => recorder.spanOptions("chat", model, request, Context.get(context, CallOptions)),
      (span, fiber) => {
        const { context } = fiber
        const caller = Context.get(context, CallOptions)
        const observation = recorder.start("chat", Context.get(context, Clock.Clock), span)
        const observed = contextOf(observation, context)
        return FiberContext.runIn(
          fiber,
          observed,
          () => run,
          (exit) => {
            const ending = endChat(recorder, observation, { model, request }, caller, exit)
            return ending === undefined ? undefined : Effect.updateContext(ending, () => observed)
          }
        )
      }
    )

const openStream = (
  recorder: CallRecorder,
  { hasStreamRecovery }: Options,
  { model, request }: { readonly request: ChatRequest; readonly model: string },
  events: Stream.Stream<StreamEvent, StreamError>,
  scope: Scope.Scope,
  restore: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
) =>
  Effect.flatMap(
    CallSpan.makeCallSpan(`chat ${model}`, (context) =>
      recorder.spanOptions("stream", model, request, Context.get(context, CallOptions))
    ),
    (span) =>
      Effect.withFiber(({ context }) => {
        const caller = Context.get(context, CallOptions)
        const observation = recorder.start("stream", Context.get(context, Clock.Clock), span)
        const observed = new ObservedStream(recorder, observation, model, caller, request.messages, context)
        // Not a fork, whose finalizer would be one more for each open stream: the next line closes it.
        const innerScope = Scope.makeUnsafe()
        // Closes the inner scope within the call's span, also if an outside scope is closed first.
        const registered = Scope.addFinalizerExit(scope, (exit) =>
          Effect.andThen(observed.within(Scope.close(innerScope, exit)), observed.end(Exit.interrupt()))
        )
        const opened = Effect.onExit(
          restore(observed.within(Channel.toPullScoped(events.channel, innerScope))),
          (exit) => (Exit.isFailure(exit) ? observed.end(exit) : Effect.void)
        )
        return Effect.andThen(
          registered,
          Effect.map(opened, (pull) => observed.observe(pull, hasStreamRecovery))
        )
      })
  )

const observeStream =
  (recorder: CallRecorder, options: Options): CallTap["stream"] =>
  (request, model, events) =>
    Stream.fromChannel(
      Channel.fromTransform((_: unknown, scope: Scope.Scope) =>
        Effect.uninterruptibleMask((restore) =>
          openStream(recorder, options, { request, model }, events, scope, restore)
        )
      )
    )

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (dependencies: CallRecorderDependencies, origin: ResponseOrigin, options: Options): CallTap => {
  const recorder = new CallRecorder(dependencies, origin, options.hasCache)
  return { chat: observeChat(recorder), stream: observeStream(recorder, options) }
}
