/**
 * Observes calls as their callers see them: a span for each, its record, and
 * what is counted of it. It stands outside all stages.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { CallOptions, type Values } from "../../../CallOptions.ts"
import type { ChatError, StreamError } from "../../../errors/OperationErrors.ts"
import type { ChatRequest } from "../../../models/ChatRequest.ts"
import type { ChatResponse } from "../../../models/ChatResponse.ts"
import type { StreamEvent } from "../../../models/StreamEvent.ts"
import * as StreamFold from "../../../models/StreamFold.ts"
import type { CallRecord, Operation, StreamEnd } from "../../CallRecord.ts"
import type { CallMetrics } from "../metrics/CallMetrics.ts"
import * as ResponseMetadata from "./ResponseMetadata.ts"
import * as CallEnd from "./CallEnd.ts"
import * as CallOutcome from "./CallOutcome.ts"
import * as Content from "./Content.ts"
import { CurrentObservation, Observation } from "./Observation.ts"
import * as RequestAttributes from "./RequestAttributes.ts"
import { attributes as a, spanEvents, spans } from "../../Telemetry.ts"
import type { EventChunk } from "../../../pipeline/internal/EventChunk.ts"

/**
 * What observes the calls of one client.
 *
 * @category models
 * @since 0.1.0
 */
export interface CallTap {
  /** Observes a call for a whole answer. */
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
 * What the tap uses of an observer.
 *
 * @category models
 * @since 0.1.0
 */
export interface CallTapDependencies {
  readonly metrics: CallMetrics
  readonly content: Content.Options | undefined
  readonly onCall: (record: CallRecord) => Effect.Effect<void>
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

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  { content, metrics, onCall }: CallTapDependencies,
  addressee: RequestAttributes.ResponseOrigin,
  { hasCache, hasStreamRecovery }: Options
): CallTap => {
  const { account, provider } = addressee
  const ofAddressee = RequestAttributes.fromOrigin(addressee)

  const options = (operation: Operation, model: string, request: ChatRequest, caller: Values) => ({
    kind: spans.call.kind,
    captureStackTrace: false,
    attributes: {
      ...ofAddressee,
      ...RequestAttributes.fromRequest(operation, model, request, caller),
      ...(content === undefined ? {} : { [a.inputMessages.name]: Content.fromRequest(content, request) })
    }
  })

  const observe = (operation: Operation, clock: Clock.Clock, span: Tracer.Span): Observation =>
    new Observation(operation, { account, provider }, clock, span, clock.currentTimeMillisUnsafe())

  const around = (observation: Observation): Context.Context<Tracer.ParentSpan> =>
    Context.add(Context.make(Tracer.ParentSpan, observation.span), CurrentObservation, observation)

  const end = (
    observation: Observation,
    model: string,
    answer: ResponseMetadata.ResponseMetadata,
    exit: Exit.Exit<unknown, ChatError | StreamError>,
    caller: Values,
    streamEnd?: StreamEnd
  ): Effect.Effect<void> =>
    Effect.suspend(() => {
      const record = CallEnd.recordOf(observation, model, answer, exit, caller, streamEnd)
      if (answer.cached !== undefined && exit._tag === "Success") {
        observation.event(spanEvents.cacheHit.name, {
          [a.cacheLevel.name]: answer.cached.level,
          [a.cacheAge.name]: answer.cached.age / 1000
        })
      }
      CallEnd.annotateSpan(observation, record, answer)
      // The span has the outcome, without the content of the response.
      observation.span.end(observation.clock.currentTimeNanosUnsafe(), Exit.asVoid(exit))
      metrics.recordCall(record, hasCache)
      return onCall(record)
    })

  const show = (span: Tracer.Span, response: ChatResponse | undefined): void => {
    if (content === undefined || response === undefined) return
    span.attribute(a.outputMessages.name, Content.fromResponse(content, response))
  }

  const openStream = Effect.fnUntraced(function* (
    request: ChatRequest,
    model: string,
    events: Stream.Stream<StreamEvent, StreamError>,
    scope: Scope.Scope,
    restore: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  ) {
    const caller = yield* CallOptions
    const clock = yield* Clock.Clock
    const span = yield* Effect.makeSpan(`chat ${model}`, options("stream", model, request, caller))
    const observation = observe("stream", clock, span)
    const received = new ResponseMetadata.StreamMetadata(content !== undefined)
    const within = Effect.provideContext(around(observation))
    const innerScope = Scope.forkUnsafe(scope)
    let isOver = false

    const over = (exit: Exit.Exit<void, StreamError>): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (isOver) return Effect.void
        isOver = true
        const streamEnd = CallOutcome.streamEndOf(CallOutcome.fromExit(exit), received.hasContent)
        if (received.fold !== undefined) show(span, Option.getOrUndefined(StreamFold.toResponse(received.fold)))
        return Effect.uninterruptible(within(end(observation, model, received.metadata, exit, caller, streamEnd)))
      })

    // Closes the inner scope within the call's span, also if an outside scope is closed first.
    yield* Scope.addFinalizerExit(scope, (exit) =>
      Effect.andThen(within(Scope.close(innerScope, exit)), over(Exit.interrupt()))
    )
    const opened = Effect.onExit(restore(within(Channel.toPullScoped(events.channel, innerScope))), (exit) =>
      Exit.isFailure(exit) ? over(exit) : Effect.void
    )
    return yield* Effect.map(opened, (pull) => {
      const observePull = (pull: Pull.Pull<EventChunk, StreamError>) =>
        Pull.matchEffect(pull, {
          onSuccess: (read) => {
            if (received.addEvents(read)) {
              observation.firstContentAt = clock.currentTimeMillisUnsafe()
              observation.event(spanEvents.firstToken.name)
            }
            return Effect.succeed(read)
          },
          onFailure: (cause: Cause.Cause<StreamError>) =>
            Effect.andThen(over(Exit.failCause(cause)), Effect.failCause(cause)),
          onDone: () => Effect.andThen(over(Exit.void), Cause.done())
        })
      const asking = observePull(within(pull))
      // What is only read needs no span around it.
      const reading = observePull(pull)
      return Effect.suspend(() => (received.hasContent && !hasStreamRecovery ? reading : asking))
    })
  })

  return {
    chat: (request, model, run) =>
      Effect.withFiber(({ context }) => {
        const caller = Context.get(context, CallOptions)
        return Effect.useSpan(`chat ${model}`, options("chat", model, request, caller), (span) => {
          const observation = observe("chat", Context.get(context, Clock.Clock), span)
          const observed = Effect.onExit(run, (exit) => {
            const response = Exit.isSuccess(exit) ? exit.value : undefined
            show(span, response)
            return end(
              observation,
              model,
              response === undefined ? ResponseMetadata.empty : ResponseMetadata.fromResponse(response),
              exit,
              caller
            )
          })
          return Effect.provideContext(observed, around(observation))
        })
      }),
    stream: (request, model, events) =>
      Stream.fromChannel(
        Channel.fromTransform((_: unknown, scope: Scope.Scope) =>
          Effect.uninterruptibleMask((restore) => openStream(request, model, events, scope, restore))
        )
      )
  }
}
